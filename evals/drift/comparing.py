"""Compares the recent window of the query log with the reference window before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from evals.drift.permutation import (
    Days,
    Floats,
    bandwidth,
    day_similarities,
    distribution_distance,
    mean_discrepancy,
    p_value,
    rbf_kernel,
    windows,
)
from evals.drift.report import Comparison, DriftReport, Measure, Window
from evals.drift.samples import DayQuestion, Samples, Value, first_days

# The probability that a run reports drift where there is none; docs/drift.md has measurements.
ALPHA = 0.01
_PERMUTATIONS = 4999
_MIN_RECENT, _MIN_REFERENCE = 30, 60
# Embedding takes milliseconds each, and the kernel grows with the square.
_MAX_QUESTIONS = 3000
_SEED = 20_261_130
# The smallest difference that is worth an alarm, however certain it is.
_MIN_DIFFERENCE = {
    Measure.UNKNOWN_WORDS: 0.1,
    Measure.SCORE: 0.1,
    Measure.SIMILARITY: 0.1,
    Measure.CONFIDENCE: 0.1,
    Measure.NO_RESULT: 0.05,
    Measure.OPENED_RANK: 0.1,
    Measure.NEGATIVE_FEEDBACK: 0.1,
}
NOT_KEPT = "the query log keeps no questions"

_Dated = TypeVar("_Dated", Value, DayQuestion)
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


class Shift(NamedTuple):
    """A question of the recent window, and how much more like that window it is."""

    text: str
    excess: float


@dataclass(frozen=True, slots=True)
class _Split:
    """Days with data, in order, of which the last `recent` are in the recent window."""

    days: Sequence[date]
    recent: int

    @property
    def count(self) -> int:
        """How many ways there are to choose the recent days."""
        return math.comb(len(self.days), self.recent)

    def index(self, days: Iterable[date]) -> Days:
        """The number of each day."""
        numbers = {day: number for number, day in enumerate(self.days)}
        return np.array([numbers[day] for day in days], dtype=int)


def compare(
    samples: Samples, embed: Embed, now: datetime, recent_days: int, reference_days: int
) -> DriftReport:
    """The report of the last `recent_days` complete days (UTC) against those before."""
    start, boundary = first_days(now.date(), recent_days, reference_days)
    end = now.date()
    found = [
        _compare_numbers(measure, _within(samples.values.get(measure, []), start, end), boundary)
        for measure in Measure
        if measure != Measure.QUESTIONS
    ]
    found.insert(0, _compare_questions(_within(samples.questions, start, end), boundary, embed))
    if not samples.questions:
        found = [_without_questions(one) for one in found]
    requests = [day for day in samples.requests if start <= day < end]
    day = timedelta(days=1)
    return DriftReport(
        now.isoformat(timespec="seconds"),
        Window(boundary, end - day, sum(one >= boundary for one in requests)),
        Window(start, boundary - day, sum(one < boundary for one in requests)),
        ALPHA,
        tuple(_judged(one, found) for one in found),
    )


def shifted_questions(
    questions: Sequence[DayQuestion],
    embed: Embed,
    now: datetime,
    recent_days: int,
    reference_days: int,
    count: int,
) -> list[Shift]:
    """The questions of the recent window that are most like it and least like the reference."""
    start, boundary = first_days(now.date(), recent_days, reference_days)
    chosen = _sampled(_within(questions, start, now.date()))
    recent = np.array([one.day >= boundary for one in chosen], dtype=bool)
    if not recent.any() or recent.all():
        return []
    vectors = embed([one.text for one in chosen])
    kernel = rbf_kernel(vectors[recent], vectors, bandwidth(vectors))
    excess = kernel[:, recent].mean(axis=1) - kernel[:, ~recent].mean(axis=1)
    texts = [one.text for one in chosen if one.day >= boundary]
    best: dict[str, float] = {}
    for number in np.argsort(-excess):
        best.setdefault(texts[number], float(excess[number]))
    return [Shift(text, value) for text, value in list(best.items())[:count]]


def _compare_numbers(measure: Measure, values: Sequence[Value], boundary: date) -> Comparison:
    split = _split([one.day for one in values], boundary)
    base = _counted(measure, [one.day for one in values], boundary)
    if (why := _too_few(base, split)) is not None:
        return replace(base, not_compared=why)
    numbers = np.array([one.value for one in values])
    days = split.index(one.day for one in values)
    statistics = distribution_distance(numbers, days, _labels(len(split.days), split.recent))
    means = np.bincount(days, numbers) / np.bincount(days)
    return replace(
        base,
        recent=float(means[-split.recent :].mean()),
        reference=float(means[: -split.recent].mean()),
        difference=float(statistics[0]),
        p_value=p_value(statistics),
        daily=_daily(split, means),
    )


def _compare_questions(
    questions: Sequence[DayQuestion], boundary: date, embed: Embed
) -> Comparison:
    chosen = _sampled(questions)
    split = _split([one.day for one in chosen], boundary)
    base = _counted(Measure.QUESTIONS, [one.day for one in questions], boundary)
    if (why := _too_few(base, split)) is not None:
        return replace(base, not_compared=why)
    days = split.index(one.day for one in chosen)
    similarities = day_similarities(embed([one.text for one in chosen]), days, len(split.days))
    statistics = mean_discrepancy(similarities, _labels(len(split.days), split.recent))
    return replace(
        base,
        difference=float(statistics[0]),
        p_value=p_value(statistics),
        daily=_daily(split, _distances(similarities, split.recent)),
    )


def _distances(similarities: Floats, recent: int) -> Floats:
    """1 minus the mean kernel value of each day and the other days of the reference window."""
    reference = len(similarities) - recent
    sums = similarities[:, :reference].sum(axis=1)
    own = np.diag(similarities) * (np.arange(len(similarities)) < reference)
    counts = reference - (np.arange(len(similarities)) < reference)
    return np.asarray(1 - (sums - own) / counts)


def _judged(one: Comparison, found: Sequence[Comparison]) -> Comparison:
    """The comparison with its p-value corrected for the number of comparisons (Bonferroni)."""
    if one.p_value is None or one.difference is None:
        return one
    compared = sum(other.p_value is not None for other in found)
    corrected = min(1.0, one.p_value * compared)
    large = one.difference >= _MIN_DIFFERENCE.get(one.measure, 0.0)
    return replace(one, p_value=corrected, drifted=large and corrected < ALPHA)


def _without_questions(one: Comparison) -> Comparison:
    if one.measure in (Measure.QUESTIONS, Measure.UNKNOWN_WORDS):
        return replace(one, not_compared=NOT_KEPT)
    return one


def _within(values: Iterable[_Dated], start: date, end: date) -> list[_Dated]:
    return [one for one in values if start <= one.day < end]


def _sampled(questions: Sequence[DayQuestion]) -> Sequence[DayQuestion]:
    if len(questions) <= _MAX_QUESTIONS:
        return questions
    generator = np.random.default_rng(_SEED)
    chosen = generator.choice(len(questions), _MAX_QUESTIONS, replace=False)
    return [questions[number] for number in sorted(chosen)]


def _split(days: Iterable[date], boundary: date) -> _Split:
    ordered = sorted(set(days))
    return _Split(ordered, sum(day >= boundary for day in ordered))


@lru_cache(8)  # most measures have values on the same days
def _labels(days: int, recent: int) -> NDArray[np.bool_]:
    return windows(days, recent, _PERMUTATIONS, np.random.default_rng(_SEED))


def _daily(split: _Split, values: Floats) -> dict[date, float]:
    return {day: round(float(value), 6) for day, value in zip(split.days, values, strict=True)}


def _counted(measure: Measure, days: Sequence[date], boundary: date) -> Comparison:
    recent = sum(day >= boundary for day in days)
    return Comparison(measure, recent, len(days) - recent)


def _too_few(counted: Comparison, split: _Split) -> str | None:
    if counted.values_recent < _MIN_RECENT or counted.values_reference < _MIN_REFERENCE:
        return f"fewer than {_MIN_RECENT} values, or {_MIN_REFERENCE} in the reference window"
    # The smallest p-value is one in `count`, and must be able to fall below the corrected level.
    if (
        split.count * ALPHA < 2 * len(Measure)
        or min(split.recent, len(split.days) - split.recent) < 2
    ):
        return "too few days with values"
    return None
