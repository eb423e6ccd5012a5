"""Lasting shifts of a series' level that no single point of it shows.

A change point is where the mean of a series changes (least squares cost; the finder is PELT). It
counts where the medians of the stretches before and after differ by at least four scaled median
absolute deviations of the points around their own stretch. A steady slope cut in two stretches
reaches about 2.7. The points of three days and more are compared without their daily rhythm: the
median of each hour is taken off first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from statistics import median

from rag.incidents.anomalies import (
    ABSOLUTE_FLOOR,
    MAD_SCALE,
    RELATIVE_FLOOR,
    SEASONAL_SPAN,
    Anomaly,
    Method,
    Points,
    anomalies_in,
    capped,
)

SHIFT_THRESHOLD = 4.0
MIN_STRETCH = 10  # points
MAX_POINTS = 1_500  # the last ones of a series: a day of minutes
_SAME_TIME = timedelta(minutes=10)

# The indexes at which another level begins, of values in the order of time.
Breaks = Callable[[Sequence[float]], Sequence[int]]


def no_breaks(values: Sequence[float]) -> Sequence[int]:  # noqa: ARG001 - the port's signature
    """Where change points are not looked for."""
    return ()


def find_anomalies(points: Points, series: str, service: str, breaks: Breaks) -> list[Anomaly]:
    """Unusual points and lasting shifts of a series, in the order of time, each once."""
    unusual = anomalies_in(points, series, service)
    shifts = [
        one
        for one in shifts_in(points, series, service, breaks)
        if not any(_is_shown_by(known, one) for known in unusual)
    ]
    return sorted([*unusual, *shifts], key=lambda one: one.start)


def shifts_in(points: Points, series: str, service: str, breaks: Breaks) -> list[Anomaly]:
    """The lasting shifts of a series."""
    points = points[-MAX_POINTS:]
    if len(points) < 2 * MIN_STRETCH:
        return []
    values = _without_rhythm(points)
    starts = [0, *breaks(values), len(values)]
    return list(_shifts(points, values, starts, series, service))


def _shifts(
    points: Points, values: Sequence[float], starts: Sequence[int], series: str, service: str
) -> Iterator[Anomaly]:
    for first, start, end in zip(starts, starts[1:], starts[2:], strict=False):
        before, after = values[first:start], values[start:end]
        if min(len(before), len(after)) < MIN_STRETCH:
            continue
        old, new = median(before), median(after)
        around = [abs(one - old) for one in before] + [abs(one - new) for one in after]
        floor = max(RELATIVE_FLOOR * abs(old), ABSOLUTE_FLOOR)
        deviation = max(median(around) * MAD_SCALE, floor)
        score = capped(new - old, deviation)
        if abs(score) >= SHIFT_THRESHOLD:
            at, until = points[start][0], points[end - 1][0]
            yield Anomaly(
                series, service, at, until, new, old, deviation, score, Method.CHANGE_POINT
            )


def _without_rhythm(points: Points) -> list[float]:
    """The values, without the median of their hour of day where three days are there."""
    if points[-1][0] - points[0][0] < SEASONAL_SPAN:
        return [value for _, value in points]
    by_hour: dict[int, list[float]] = {}
    for at, value in points:
        by_hour.setdefault(at.hour, []).append(value)
    level = median(value for _, value in points)
    usual = {hour: median(values) - level for hour, values in by_hour.items()}
    return [value - usual[at.hour] for at, value in points]


def _is_shown_by(known: Anomaly, shift: Anomaly) -> bool:
    """Whether unusual points begin, last or end where the level shifts."""
    return known.start - _SAME_TIME <= shift.start <= known.end + _SAME_TIME
