"""Faithfulness without a judge: the support score of an answer's worst sentence.

It runs the support check that answers must pass before they are shown
(rag/faithfulness/support.py) against everything that the answer was made from. docs/evals.md says
how well it agrees with labels set by hand; a test holds the figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.faithfulness.support import SupportChecker, passage_units
from rag.guardrails.neutralising import outside_code
from rag.ports import Embedder
from rag.text.pieces import fenced

# Includes lines of markers, which may follow an unclosed fence.
_OWN_WORDS = re.compile(
    r"^[ \t]*+(?:#{1,6} .*|> .*|_\(.*\)_|(?:\[\d+\] ?)+(?:_\(.*\)_)?)$", re.MULTILINE
)
_REMARK = re.compile(r"_\((?:(?!_\()[^)\n])*+\)_")
_MARKER = re.compile(r"(?:(?<!\s)\s++)?\[\d+\]")


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
        found = [
            self._support.check(sentence, contexts)
            for sentence in _units(without_program_text(answer))
        ]
        if not contexts or not found:
            return Faithfulness(1.0 if contexts else 0.0)
        reasons = dict.fromkeys(reason for one in found for reason in one.reasons)
        return Faithfulness(min(one.score for one in found), tuple(reasons))


def without_program_text(answer: str) -> str:
    """The answer without headings, remarks and markers, which the program adds."""
    bare = outside_code(answer, lambda prose: _MARKER.sub("", _REMARK.sub("", prose)))
    return _OWN_WORDS.sub("", bare).strip()


def _units(answer: str) -> Iterator[str]:
    """Sentences, table rows, and lines of fenced code as inline code."""
    for is_code, run in fenced(answer):
        for unit in passage_units(run):
            # `...` in a listing and the line below the head of a table say nothing.
            if any(map(str.isalnum, unit)):
                yield f"`{unit.strip()}`" if is_code else unit
