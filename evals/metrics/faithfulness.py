"""Faithfulness without a judge: how well the worst sentence of an answer is borne out.

It runs the support check that answers must pass before they are shown
(rag/faithfulness/support.py) against everything that the answer was made from. docs/evals.md says
how well it agrees with labels set by hand; a test holds the figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.faithfulness.support import LEAST_SUPPORT, SupportChecker, passage_units
from rag.guardrails.neutralising import outside_code
from rag.ports import Embedder
from rag.text.pieces import fenced
from rag.text.wording import plain

LEAST_FAITHFUL = LEAST_SUPPORT
# A line of markers counts for nothing even below a fence that its page never closes.
_OWN_WORDS = re.compile(
    r"^\s*(?:#{1,6} .*|> .*|_\(.*\)_|(?:\[\d+\] ?)+(?:_\(.*\)_)?)$", re.MULTILINE
)
_REMARK = re.compile(r"_\([^)\n]*\)_")
_MARKER = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How far an answer keeps to its contexts, 0 to 1, and what in it does not."""

    score: float
    reasons: tuple[str, ...] = ()


class FaithfulnessChecker:
    """Checks answers against their contexts; each sentence is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._support = SupportChecker(embedder)

    def check(self, answer: str, contexts: Sequence[str]) -> Faithfulness:
        """The score of the answer's worst sentence; none of it counts that frames the answer."""
        found = [
            self._support.check(sentence, contexts) for sentence in _told(told_by_pages(answer))
        ]
        if not contexts or not found:
            return Faithfulness(1.0 if contexts else 0.0)
        reasons = dict.fromkeys(reason for one in found for reason in one.reasons)
        return Faithfulness(min(one.score for one in found), tuple(reasons))


def told_by_pages(answer: str) -> str:
    """An answer without headings, remarks and markers, which are the project's own words."""
    bare = outside_code(answer, lambda prose: _MARKER.sub("", _REMARK.sub("", prose)))
    return _OWN_WORDS.sub("", bare).strip()


def _told(answer: str) -> Iterator[str]:
    """Sentences, rows of tables, and lines of fenced code as code."""
    for is_code, run in fenced(answer):
        for unit in passage_units(run):
            if plain(unit):  # `...` in a listing says nothing
                yield f"`{unit.strip()}`" if is_code else unit
