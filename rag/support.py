"""Whether a sentence is supported by the passages that it cites, without a model that judges.

    score = likeness to the nearest sentence, times a penalty for each name, number, unit, flag,
            negation, opposite or exchanged word that the passages do not bear out

Likeness is full from a paraphrase on: a near copy with one word exchanged is more alike, not truer.
It is deterministic given the embedding model, and it is what evals call faithfulness. A sentence
is supported from LEAST_SUPPORT on. Formula and threshold were set on the pairs of
evals/suites/faithfulness.jsonl, so that what is told of them there (docs/asking.md) flatters them.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rag.identifiers import identifiers_in
from rag.pieces import Piece, PieceKind, fenced, pieces, sentences
from rag.polarity import contradictions
from rag.ports import Embedder, Vector
from rag.wording import plain, substitutions, telling_stems, with_digits

LEAST_SUPPORT = 0.5
_ABSENT = 0.3
_ELSEWHERE = 0.75
_CONTRADICTED = 0.3
_EXCHANGED = 0.7
_DOUBTED = 0.7
_SAME_WORDS = 0.4
_NEAREST_LOOKED_AT = 6
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:[.,:]\d+)*(?:\s?%)?(?![\w]*[A-Za-z]{4,})")
_MEASURE = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)*)\s?(%|percent|ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|"
    r"hours?|days?|weeks?|months?|years?|[kmgt]i?b|bytes?|replicas?|pods?|times)\b",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(?<!\S)--?[A-Za-z][\w-]*(?:=\S+)?")
_CODE = re.compile(r"`([^`\n]+)`")
_UNIT_NAMES = (
    ("%", "percent"),
    ("ms", "millisecond"),
    ("s", "sec", "second"),
    ("m", "min", "minute"),
    ("h", "hour"),
)


@dataclass(frozen=True, slots=True)
class _Nearest:
    """What a passage says that is nearest to a sentence."""

    passage: int
    unit: str
    cosine: float
    cover: float

    @property
    def likeness(self) -> float:
        """0 for what has nothing in common, 1 for a paraphrase: more likeness proves no more."""
        return min(1.0, max(0.0, (self.cosine + 0.4 * self.cover - 0.35) / 0.35))


@dataclass(frozen=True, slots=True)
class Support:
    """`score` is 0 to 1; `reasons` says what was not borne out; `passage` is the nearest's index.

    `passage` counts from 0 in the passages given, and is -1 when there were none.
    """

    score: float
    reasons: tuple[str, ...] = ()
    passage: int = -1

    @property
    def supported(self) -> bool:
        return self.score >= LEAST_SUPPORT and not self.reasons


class SupportChecker:
    """Checks many sentences against the same passages; each of their sentences is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vector[float]] = {}

    def check(self, sentence: str, passages: Sequence[str]) -> Support:
        """How well the passages support a sentence; markers in it do not count."""
        sentence = with_digits(sentence)
        told = plain(sentence)
        passages = [with_digits(passage) for passage in passages]
        units = [
            (number, unit)
            for number, passage in enumerate(passages)
            for unit in passage_units(passage)
        ]
        if not told or not units:
            return Support(0.0, ("cites nothing",) if not units else ())
        same = next((number for number, unit in units if plain(unit) == told), None)
        if same is not None:
            return Support(1.0, (), same)
        nearest = self._nearest(told, units)
        return self._judged(sentence, "\n".join(passages), nearest)

    def _nearest(self, told: str, units: Sequence[tuple[int, str]]) -> _Nearest:
        """The unit that says most of it."""
        stems = telling_stems(told)

        def cover(unit: str) -> float:
            return len(stems & telling_stems(unit)) / len(stems) if stems else 0.0

        likely = sorted(units, key=lambda item: -cover(item[1]))[:_NEAREST_LOOKED_AT]
        self._embed([told, *(plain(unit) for _, unit in likely)])
        return max(
            (
                _Nearest(
                    number,
                    unit,
                    _cosine(self._vectors[told], self._vectors[plain(unit)]),
                    cover(unit),
                )
                for number, unit in likely
            ),
            key=lambda one: one.cosine + one.cover,
        )

    def _judged(self, sentence: str, cited: str, nearest: _Nearest) -> Support:
        reasons: list[str] = []
        unit, score = nearest.unit, nearest.likeness
        bare, near, far = plain(sentence), _searchable(unit), _searchable(cited)
        for name in dict.fromkeys(_names(sentence)):
            if not _stands_in(name, far):
                reasons.append(f"{name} is not in what it cites")
                score *= _ABSENT
            elif not _stands_in(name, near):
                score *= _ELSEWHERE
        for value, measure in _measures(bare):
            said = {other for amount, other in _measures(plain(cited)) if amount == value}
            if said and measure not in said:
                reasons.append(f"{value} is of another unit in what it cites")
                score *= _ABSENT
        # In other words than the page's, a negation may stand for another one that is not told.
        opposed = list(contradictions(bare, plain(unit)))
        if nearest.cover >= _SAME_WORDS:
            reasons += opposed
        score *= (_CONTRADICTED if nearest.cover >= _SAME_WORDS else _DOUBTED) ** len(opposed)
        exchanged = list(substitutions(bare, plain(unit)))
        score *= _EXCHANGED ** len(exchanged)
        return Support(min(1.0, score), tuple(reasons), nearest.passage)

    def _embed(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed_documents(new), strict=True))


def support(sentence: str, passages: Sequence[str], embedder: Embedder) -> Support:
    """How well `passages` support `sentence`, by themselves."""
    return SupportChecker(embedder).check(sentence, passages)


def passage_units(passage: str) -> Iterator[str]:
    """What a sentence can be compared with: sentences, rows of tables, and lines of code."""
    for piece in pieces(passage):
        if piece.kind is PieceKind.HEADING:
            yield piece.text.lstrip("# ")
        else:
            yield from _units_of(piece)


def _units_of(piece: Piece) -> Iterator[str]:
    for is_code, run in fenced(piece.text):
        if is_code:
            yield from (line for line in run.split("\n")[1:] if line.strip(" `~"))
        elif piece.kind is PieceKind.TABLE:
            yield from run.split("\n")
        else:
            for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+•|]|\d{1,4}[.)])\s*)", run):
                yield from sentences(block)


def _names(sentence: str) -> Iterator[str]:
    """What must stand in a passage as it is: code, identifiers, flags, numbers."""
    spans = _CODE.findall(sentence)
    bare = plain(sentence)
    numbers = (found.group().replace(" ", "") for found in _NUMBER.finditer(bare))
    yield from chain(spans, identifiers_in(bare), _FLAG.findall(bare), numbers)


def _searchable(text: str) -> str:
    return f" {' '.join(text.split())} ".lower()


def _stands_in(name: str, text: str) -> bool:
    wanted = re.escape(" ".join(name.lower().split()))
    if name[:1].isdigit():  # `20m` holds 20, and `200` and `1.20` do not
        wanted = wanted.replace("%", r"\s?%")
        return re.search(rf"(?<![\w.,])(?<!\d-){wanted}(?!\d|[.,:]\d)", text) is not None
    if not name[:1].isalnum():
        return name.lower() in text
    return re.search(rf"(?<![\w.])(?<!\w-){wanted}(?![\w-]|\.\w)", text) is not None


def _measures(text: str) -> list[tuple[str, str]]:
    return [(amount, _unit_name(unit.lower())) for amount, unit in _MEASURE.findall(text)]


def _unit_name(unit: str) -> str:
    singular = unit[:-1] if len(unit) > 2 and unit.endswith("s") else unit
    return next((names[-1] for names in _UNIT_NAMES if singular in names), singular)


def _cosine(one: array[float], other: array[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
