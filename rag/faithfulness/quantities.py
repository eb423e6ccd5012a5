"""Checks the numbers of a sentence, with units and bounds, against its source."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text.wording import normalised

# Maps a unit to its measure and its size in that measure's base unit.
_UNITS: dict[str, tuple[str, float]] = {
    name: (measure, size)
    for names, measure, size in (
        ("ms millisecond milliseconds", "time", 0.001),
        ("s sec secs second seconds", "time", 1),
        ("m min mins minute minutes", "time", 60),
        ("h hour hours", "time", 3600),
        ("d day days", "time", 86_400),
        ("week weeks", "time", 604_800),
        ("month months", "time", 2_592_000),
        ("year years", "time", 31_536_000),
        ("% percent", "share", 1),
        ("k kb kib ki", "memory", 1e3),
        ("mb mib mi", "memory", 1e6),
        ("gb gib gi", "memory", 1e9),
        ("tb tib ti", "memory", 1e12),
        ("eur euro euros", "euros", 1),
        ("usd dollars", "dollars", 1),
        ("replica replicas", "replicas", 1),
        ("pod pods", "pods", 1),
        ("times", "times", 1),
    )
    for name in names.split()
}
_AMOUNT = r"\d+(?:[.,]\d+)*"
_QUANTITY = re.compile(
    rf"(?<![\w.,:-])(?P<first>{_AMOUNT})(?=\s(?:to|or|and)\s{_AMOUNT}\s?(?P<of_both>[A-Za-z%]+))"
    rf"|(?<![\w.])(?P<amount>{_AMOUNT})[ -]?(?P<unit>%|[A-Za-z]+\b)?"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ANY_NUMBER = re.compile(r"\d+(?:,\d{3})+|\d+(?:\.\d+)?")
_SAME = 1e-6
_ABOVE = re.compile(r"\b(?:above|over|more than|exceeds?|beyond|at least)\b", re.IGNORECASE)
_BELOW = re.compile(r"\b(?:below|under|less than|fewer than|at most|up to|within)\b", re.IGNORECASE)
_OR_MORE = re.compile(r"\W*+(?:\w++\s++)?or (?:more|higher|above)")
_OR_LESS = re.compile(r"\W*+(?:\w++\s++)?or (?:less|fewer|lower|below)")
_NEGATED = re.compile(r"\b(?:not|never|no|cannot)\b|n't\b", re.IGNORECASE)
# A hypothetical sentence sets no bound.
_SUPPOSED = re.compile(r"\b(?:if|would|could|might)\b", re.IGNORECASE)
_BOUNDED = re.compile(rf"(?<![\w.-]){_AMOUNT}")
_ENDS_A_CLAUSE = re.compile(r"[.;:,]\s")
_ENDS_A_SENTENCE = re.compile(r"[.;:]\s")
_WORD = re.compile(r"\S+")
_THOUSANDS = re.compile(r",|(?<=\d)\.(?=\d+\.)")
# How far before a number its bound is searched for.
_WORDS_BEFORE = 4
_CHARS_BEFORE = 80


@dataclass(frozen=True, slots=True)
class _Quantity:
    """`size` is in the base unit of `measure`, which is empty for a bare number."""

    amount: float
    measure: str
    size: float


def unsupported_quantities(sentence: str, source: str) -> Iterator[str]:
    """Report numbers that the source lacks or has with another unit."""
    sentence, source = normalised(sentence), normalised(source)
    source_quantities = list(_quantities(source))
    numbers = {float(number.replace(",", "")) for number in _ANY_NUMBER.findall(source)}
    for mine in dict.fromkeys(_quantities(sentence)):
        if any(_equal(mine, other) for other in source_quantities):
            continue
        theirs = {other.measure for other in source_quantities if other.amount == mine.amount}
        if mine.measure and theirs and "" not in theirs:
            yield f"{mine.amount:g} has another unit in the cited text"
        elif mine.amount not in numbers and mine.amount > 1:
            yield f"{mine.amount:g} is not in the cited text"


def other_bounds(sentence: str, source: str) -> Iterator[str]:
    """Report numbers that the source bounds only from the other side."""
    source_bounds = set(_bounds(normalised(source)))
    for number, side in dict.fromkeys(_bounds(normalised(sentence))):
        if (number, -side) in source_bounds and (number, side) not in source_bounds:
            yield f"{number} is bounded from the other side in the cited text"


def _quantities(text: str) -> Iterator[_Quantity]:
    for found in _QUANTITY.finditer(text):
        amount = _number(found["first"] or found["amount"])
        unit = (found["of_both"] or found["unit"] or "").lower()
        measure, size = _UNITS.get(unit, ("", 1))
        yield _Quantity(amount, measure, amount * size)


def _equal(mine: _Quantity, other: _Quantity) -> bool:
    if mine.measure:
        return mine.measure == other.measure and abs(mine.size - other.size) <= _SAME * mine.size
    return mine.amount == other.amount


def _number(digits: str) -> float:
    if _GROUPED.fullmatch(digits):
        return float(digits.replace(",", ""))
    return float(_THOUSANDS.split(digits, 1)[0])


def _bounds(text: str) -> Iterator[tuple[str, int]]:
    """Numbers with the side on which they bound a value: 1 for above, -1 for below."""
    text = " ".join(text.split())
    clauses = [0, *(found.end() for found in _ENDS_A_CLAUSE.finditer(text))]
    ends = [*(found.start() for found in _ENDS_A_SENTENCE.finditer(text)), len(text)]
    words = [found.start() for found in _WORD.finditer(text)]
    supposed, negated = _spans(_SUPPOSED, text), _spans(_NEGATED, text)
    for number in _BOUNDED.finditer(text):
        start, end = number.span()
        clause = clauses[bisect_right(clauses, start) - 1]
        words_before = words[max(0, bisect_left(words, start) - _WORDS_BEFORE)]
        before = max(clause, words_before, start - _CHARS_BEFORE)
        above = _ABOVE.search(text, before, start) or _OR_MORE.match(text, end)
        below = _BELOW.search(text, before, start) or _OR_LESS.match(text, end)
        rest_end = ends[bisect_left(ends, end)]
        if bool(above) != bool(below) and not _any_within(supposed, clause, rest_end):
            side = 1 if above else -1
            opposite = _any_within(negated, clause, start)
            yield number.group().replace(",", ""), -side if opposite else side


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(text)]


def _any_within(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether one of the sorted `spans` lies within [start, end]."""
    place = bisect_left(spans, (start, start))
    return place < len(spans) and spans[place][1] <= end
