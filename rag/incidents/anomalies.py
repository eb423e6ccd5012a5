"""Anomalies in series: robust z-scores on a baseline of the points before.

The baseline of a point is the median of up to 720 points before it, of the same hour of day where a
series covers three days. The score is the distance in scaled median absolute deviations (Iglewicz
and Hoaglin, 1993). An anomaly is three points in a row beyond 6, with the numbers that say so.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

THRESHOLD = 6.0
IN_A_ROW = 3
_MIN_BASELINE = 10
_WINDOW = 720
MAD_SCALE = 1.4826  # of a normal distribution, by which the deviation estimates sigma
RELATIVE_FLOOR = 0.05  # a constant series has no deviation: a twentieth of its level counts as one
ABSOLUTE_FLOOR = 1e-9
_MAX_SCORE = 1_000.0  # of a baseline without deviation any distance is huge: more says nothing
SEASONAL_SPAN = timedelta(days=3)

Points = Sequence[tuple[datetime, float]]


class Method(StrEnum):
    """What says that a series is unusual."""

    ROBUST_Z = "robust z-score"
    CHANGE_POINT = "change point"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A run of unusual points: its start and end, the most unusual value and its baseline.

    Of a change point, `value` and `median` are the medians after and before, and `end` is where
    the new level ends.
    """

    series: str
    service: str
    start: datetime
    end: datetime
    value: float
    median: float
    deviation: float
    score: float
    method: Method = Method.ROBUST_Z

    @property
    def numbers(self) -> str:
        """What makes it an anomaly, for people."""
        if self.method is Method.CHANGE_POINT:
            return (
                f"a level of {self.value:g} after one of {self.median:g}, "
                f"{abs(self.score):.1f} deviations"
            )
        return f"{self.value:g} after a median of {self.median:g}, score {self.score:.1f}"

    @property
    def rose(self) -> bool:
        return self.value > self.median


class _Baseline:
    """The last points in the order of their size, with median and deviation."""

    def __init__(self) -> None:
        self._order: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, value: float) -> None:
        self._order.append(value)
        insort(self._sorted, value)
        if len(self._order) > _WINDOW:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]

    def score(self, value: float) -> tuple[float, float, float]:
        """Score, median and deviation for a value; 0 for one between values that were normal."""
        if self._sorted[0] <= value <= self._sorted[-1]:
            return 0.0, value, 0.0
        middle = _median(self._sorted)
        spread = _median(sorted(abs(one - middle) for one in self._sorted)) * MAD_SCALE
        floor = max(RELATIVE_FLOOR * abs(middle), ABSOLUTE_FLOOR)
        deviation = max(spread, floor)
        return capped(value - middle, deviation), middle, deviation


def capped(distance: float, deviation: float) -> float:
    """A distance in deviations, at most 1,000 of them."""
    return max(-_MAX_SCORE, min(_MAX_SCORE, distance / deviation))


def anomalies_in(points: Points, series: str, service: str = "") -> list[Anomaly]:
    """The anomalies of a series, in the order of time. Anomalous points join no baseline."""
    return list(_merged(_runs(points, series, service)))


def _runs(points: Points, series: str, service: str) -> Iterator[Anomaly]:
    seasonal = bool(points) and points[-1][0] - points[0][0] >= SEASONAL_SPAN
    baselines: dict[int, _Baseline] = {}
    run: list[tuple[datetime, float, float, float, float]] = []
    for at, value in points:
        baseline = baselines.setdefault(at.hour if seasonal else 0, _Baseline())
        if len(baseline) >= _MIN_BASELINE:
            score, middle, deviation = baseline.score(value)
            if abs(score) > THRESHOLD:
                run.append((at, value, middle, deviation, score))
                continue
        if len(run) >= IN_A_ROW:
            yield _anomaly(run, series, service)
        for _, earlier, *_ in run if len(run) < IN_A_ROW else []:
            baseline.add(earlier)
        run = []
        baseline.add(value)
    if len(run) >= IN_A_ROW:
        yield _anomaly(run, series, service)


def _anomaly(
    run: Sequence[tuple[datetime, float, float, float, float]], series: str, service: str
) -> Anomaly:
    _, value, middle, deviation, score = max(run, key=lambda point: abs(point[4]))
    return Anomaly(series, service, run[0][0], run[-1][0], value, middle, deviation, score)


def _merged(found: Iterator[Anomaly]) -> Iterator[Anomaly]:
    """Runs that are broken by a few normal points are one anomaly."""
    last: Anomaly | None = None
    for one in found:
        if last and one.start - last.end <= timedelta(minutes=10) and one.rose == last.rose:
            worst = max(last, one, key=lambda each: abs(each.score))
            last = Anomaly(
                last.series,
                last.service,
                last.start,
                one.end,
                worst.value,
                worst.median,
                worst.deviation,
                worst.score,
            )
            continue
        if last:
            yield last
        last = one
    if last:
        yield last


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
