"""Plots of the last report of drift, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from evals.drift.report import DESCRIPTIONS, Comparison, DriftReport

_WIDTH, _HEIGHT = 200, 40


@dataclass(frozen=True, slots=True)
class DriftPlot:
    """One measure. `points` are those of an SVG polyline, 200 wide and 40 high.

    The recent window begins at `boundary`, a distance from the left. `summary` says the difference
    in words, or why the measure was not compared; then there are no points.
    """

    title: str
    drifted: bool
    summary: str
    points: str
    boundary: float


def drift_plots(report: DriftReport) -> list[DriftPlot]:
    """A plot of each measure, in the order of the report."""
    return [_plot(one, report) for one in report.comparisons]


def _plot(one: Comparison, report: DriftReport) -> DriftPlot:
    if one.not_compared is not None or one.daily is None:
        summary = f"not compared: {one.not_compared}"
    elif one.recent is None:
        summary = f"difference {one.difference:.3f}, p {one.p_value:.3f}"
    else:
        summary = f"{one.reference:.2f} before, {one.recent:.2f} now, p {one.p_value:.3f}"
    first, last = report.reference.first, report.recent.last
    return DriftPlot(
        DESCRIPTIONS[one.measure],
        one.drifted,
        summary,
        points_of(one.daily or {}, first, last),
        # Halfway between the last day before and the first day of the recent window.
        round(max(0.0, _across(report.recent.first, first, last) - _day_width(first, last) / 2), 1),
    )


def points_of(daily: Mapping[date, float], first: date, last: date) -> str:
    """The values from `first` to `last`, the smallest at the bottom and the largest at the top."""
    if not daily:
        return ""
    low, high = min(daily.values()), max(daily.values())
    spread = (high - low) or 1.0
    return " ".join(
        f"{_across(day, first, last):.1f},{_HEIGHT * (1 - (value - low) / spread):.1f}"
        for day, value in sorted(daily.items())
    )


def _across(day: date, first: date, last: date) -> float:
    return (day - first).days * _day_width(first, last)


def _day_width(first: date, last: date) -> float:
    return _WIDTH / max(1, (last - first).days)
