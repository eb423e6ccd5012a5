"""Faithfulness without a judge: what an answer names must stand in what it was made from.

    score = nearness x 0.2 where a name, number, flag or command is missing
                     x 0.4 where all words of a command are there, and not side by side

Nearness falls below 1 for a sentence that is like nothing in the contexts. Wording alone decides
nothing else: on pairs labelled by hand, cosine and shared words rank paraphrases below subtle
swaps (docs/evals.md). So it sees a swapped flag or namespace, and not a lost negation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rag.identifiers import identifiers_in
from rag.pieces import sentences
from rag.ports import Embedder, Vector

if TYPE_CHECKING:
    import numpy as np

LEAST_FAITHFUL = 0.5
_MISSING = 0.2
_APART = 0.4
# Faithful paraphrases are nearer than this to something in their contexts.
_NEAR = 0.4
_LOOKED_AT_FIRST = 4
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?<![\d.,])\d+(?:[.,]\d+)*")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
_FRAME = "\"'`,;:.()[]{}"
_OWN_WORDS = re.compile(r"^\s*(?:#{1,6} .*|> .*|_\(.*\)_)$", re.MULTILINE)
_LIST_MARK = re.compile(r"^\s*(?:[-*+•]|\d{1,4}[.)])\s+")
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
        self._embedder = embedder
        self._vectors: dict[str, Vector[float]] = {}

    def expect(self, answers: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Embed at once what will be looked at first in these answers and their contexts."""
        pairs = (_compared(told_by_pages(answer), contexts) for answer, contexts in answers)
        self._embed([one for mine, theirs in pairs for one in (*mine, *_likely(mine, theirs))])

    def check(self, answer: str, contexts: Sequence[str]) -> Faithfulness:
        """The score of the answer's worst sentence; None of it counts that frames the answer."""
        told = told_by_pages(answer)
        source = "\n".join(contexts)
        gone, apart = missing(told, source), broken_commands(told, source)
        score = self._nearness(told, contexts)
        if gone:
            score *= _MISSING
        elif apart:
            score *= _APART
        reasons = [f"{name} is not in the context" for name in gone]
        reasons += [f"{pair} does not stand together in the context" for pair in apart]
        return Faithfulness(score, tuple(reasons))

    def _nearness(self, told: str, contexts: Sequence[str]) -> float:
        """1 when each sentence is about as near to some sentence of the contexts as usual."""
        mine, theirs = _compared(told, contexts)
        if not mine or not theirs:
            return 1.0 if theirs else 0.0
        worst = 0.0
        for looked_at in (_likely(mine, theirs), theirs):  # what is near enough needs no nearer
            self._embed([*mine, *looked_at])
            alike = self._matrix(mine) @ self._matrix(looked_at).T
            worst = float(alike.max(axis=1).min())
            if worst >= _NEAR:
                return 1.0
        return max(0.0, worst) / _NEAR

    def _matrix(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.asarray([self._vectors[text] for text in texts])

    def _embed(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed_documents(new), strict=True))


def _compared(told: str, contexts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences of an answer that no context has as they are, and those of the contexts."""
    source = " ".join(" ".join(contexts).split())
    mine = [one for one in _sentences(told) if _as_words(one) not in source]
    return mine, [one for context in contexts for one in _sentences(context)]


def _likely(mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The few of theirs that share most words with each of mine."""
    words = [frozenset(_WORD.findall(one.lower())) for one in theirs]
    found: dict[str, None] = {}
    for one in mine:
        told = frozenset(_WORD.findall(one.lower()))
        best = sorted(range(len(theirs)), key=lambda place: -len(told & words[place]))
        found.update(dict.fromkeys(theirs[place] for place in best[:_LOOKED_AT_FIRST]))
    return list(found)


def told_by_pages(answer: str) -> str:
    """An answer without headings, remarks and markers, which are the project's own words."""
    return _MARKER.sub("", _REMARK.sub("", _OWN_WORDS.sub("", answer))).strip()


def missing(answer: str, source: str) -> list[str]:
    """Parts of code, identifiers and numbers of an answer that its source does not hold."""
    known = " ".join(source.lower().split())
    parts = [part for span in _CODE.findall(answer) for part in _parts(span)]
    bare = _CODE.sub(" ", answer)
    gone = [name for name in (*parts, *identifiers_in(bare)) if name.lower() not in known]
    numbers = {_amount(number) for number in _NUMBER.findall(source)}
    gone += [number for number in _NUMBER.findall(bare) if _amount(number) not in numbers]
    return list(dict.fromkeys(gone))


def broken_commands(answer: str, source: str) -> list[str]:
    """Neighbours within code of an answer that are not neighbours in its source."""
    known = " ".join(_parts(source.lower()))
    pairs = [
        f"{first} {second}"
        for span in _CODE.findall(answer)
        for first, second in pairwise(_parts(span))
        if f"{first} {second}".lower() not in known
    ]
    return list(dict.fromkeys(pairs))


def _parts(text: str) -> list[str]:
    return [part for word in text.split() if (part := word.strip(_FRAME))]


def _amount(number: str) -> str:
    return number.strip(".,").replace(",", "")


def _sentences(text: str) -> list[str]:
    plain = _FENCE.sub("", text)
    return [one.strip() for line in plain.split("\n") for one in sentences(line) if one.strip()]


def _as_words(sentence: str) -> str:
    """A sentence without the mark of a list: an answer may list what a page tells otherwise."""
    return " ".join(_LIST_MARK.sub("", sentence).split())
