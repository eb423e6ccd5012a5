"""Faithfulness without a judge: the support score of an answer's worst sentence.

It runs the support check that answers must pass before they are shown
(rag/faithfulness/support.py) against everything that the answer was made from. docs/evals.md says
how well it agrees with labels set by hand; a test holds the figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.domain.documents import BlockKind
from rag.faithfulness.support import SupportChecker, units_of
from rag.ports import Embedder
from rag.text.blocks import BlockText
from rag.text.code_spans import masked
from rag.text.edits import edited
from rag.text.markdown import markdown_text

_PROGRAM_KINDS = frozenset({BlockKind.HEADING, BlockKind.QUOTE, BlockKind.ADMONITION})
_ATTRIBUTION = re.compile(r"(?:(?<!\s)\s++)?(?:\[\d+\]|_\((?:(?!_\()[^)\n])*+\)_)")
_MARKERS_ALONE = re.compile(r"(?:\[\d+\] ?)+(?:_\(.*\)_)?")


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Support of an answer by its contexts, 0 to 1, with the reasons for a low score."""

    score: float
    reasons: tuple[str, ...] = ()


class FaithfulnessChecker:
    """Checks answers against their contexts; each sentence is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._support = SupportChecker(embedder)

    def check(self, answer: str, contexts: Sequence[str]) -> Faithfulness:
        """The score of the worst sentence; headings, remarks and markers are ignored."""
        cited = [markdown_text(context) for context in contexts]
        found = [self._support.check(sentence, cited) for sentence in _units(answer)]
        if not contexts or not found:
            return Faithfulness(1.0 if contexts else 0.0)
        reasons = dict.fromkeys(reason for one in found for reason in one.reasons)
        return Faithfulness(min(one.score for one in found), tuple(reasons))


def without_program_text(answer: str) -> str:
    """The answer without headings, block quotes, remarks and markers, which the program adds."""
    return _document_text(answer).text.strip()


def _document_text(answer: str) -> BlockText:
    text = markdown_text(answer)
    own = [text.blocks[index] for index in text.top() if text.blocks[index].kind in _PROGRAM_KINDS]
    text = edited(text, ((block.start, block.end, "") for block in own))
    prose = masked(text.text, text.code_ranges())
    return edited(text, ((*found.span(), "") for found in _ATTRIBUTION.finditer(prose)))


def _units(answer: str) -> Iterator[str]:
    """Sentences, table rows, and lines of code as inline code."""
    text = _document_text(answer)
    for index in text.leaves():
        is_code = text.blocks[index].kind is BlockKind.CODE
        for unit in units_of(text, index):
            # Skips `...` in a listing, and markers behind a fence that is not closed.
            if any(map(str.isalnum, unit)) and not _MARKERS_ALONE.fullmatch(unit.strip()):
                yield f"`{unit.strip()}`" if is_code else unit
