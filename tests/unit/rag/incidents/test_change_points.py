"""Lasting shifts of a level are found with their numbers; noise, slopes and rhythms are none."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

from rag.adapters.ruptures_breaks import find_breaks
from rag.incidents.anomalies import Anomaly, Method, anomalies_in
from rag.incidents.change_points import find_anomalies, shifts_in

START = datetime(2026, 3, 10, tzinfo=UTC)
Series = list[tuple[datetime, float]]


def series(values: list[float], step: timedelta = timedelta(minutes=1)) -> Series:
    return [(START + step * place, value) for place, value in enumerate(values)]


def noisy(level: float, count: int, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [level + rng.gauss(0, 1) for _ in range(count)]


def shifts(points: Series) -> list[Anomaly]:
    return shifts_in(points, "latency", "checkout", find_breaks)


def test_a_small_shift_that_lasts_is_found_where_it_begins() -> None:
    points = series([*noisy(20, 200), *noisy(25, 100, 2)])
    assert anomalies_in(points, "latency") == []  # no three points in a row are far enough away
    [found] = find_anomalies(points, "latency", "checkout", find_breaks)
    assert abs((found.start - points[200][0]).total_seconds()) <= 120
    assert (found.method, found.rose, found.service) == (Method.CHANGE_POINT, True, "checkout")
    assert 19.5 < found.median < 20.5 < 24.5 < found.value < 25.5
    assert 4 <= found.score < 6
    assert found.numbers.startswith(f"a level of {found.value:g} after one of {found.median:g}")


def test_noise_and_slopes_have_no_shift() -> None:
    for seed in range(20):
        assert shifts(series(noisy(50, 300, seed))) == []
    slope = [place / 3 + value for place, value in enumerate(noisy(0, 300))]
    assert shifts(series(slope)) == []
    assert shifts(series([7.0] * 300)) == []
    assert shifts(series([1.0] * 15)) == []


def test_a_daily_rhythm_is_no_shift_and_a_shift_in_it_is_found() -> None:
    minutes = timedelta(minutes=10)
    daily = [10 * math.sin(2 * math.pi * place / 144) for place in range(4 * 144)]
    usual = [value + wave for value, wave in zip(noisy(50, 4 * 144), daily, strict=True)]
    assert shifts(series(usual, minutes)) == []
    shifted = [*usual[:500], *(value + 20 for value in usual[500:])]
    [found] = shifts(series(shifted, minutes))
    assert abs(found.start - (START + minutes * 500)) <= minutes * 3


def test_what_unusual_points_show_is_not_reported_twice() -> None:
    points = series([*noisy(20, 100), *noisy(90, 50, 2), *noisy(20, 100, 3)])
    found = find_anomalies(points, "latency", "", find_breaks)
    assert [one.method for one in found] == [Method.ROBUST_Z]
