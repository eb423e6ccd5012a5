"""The searches of this process since its start, and how long they took, as a plot."""

from __future__ import annotations

from dataclasses import dataclass

from api.records.query_counts import QueryCounts

_HEIGHT = 40
_BAR_WIDTH, _BAR_STEP = 16, 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the plot, whose height is in proportion to its searches."""

    x: int
    y: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class QueryPlot:
    """Bars for each span of durations that occurred, and the figures beside them."""

    counts: QueryCounts
    bars: tuple[Bar, ...]
    width: int

    @property
    def mean_ms(self) -> float:
        return 1000 * self.counts.seconds / max(1, self.counts.searches)


def query_plot(counts: QueryCounts) -> QueryPlot:
    """The plot, from the first to the last span with a search."""
    spans, before, low = [], 0, 0.0
    for bound, upto in counts.buckets:
        spans.append((low, bound, upto - before))
        before, low = upto, bound
    used = [at for at, (_, _, count) in enumerate(spans) if count]
    shown = spans[used[0] : used[-1] + 1] if used else []
    max_count = max((count for _, _, count in shown), default=1)
    bars = tuple(_bar(at, span, max_count) for at, span in enumerate(shown))
    return QueryPlot(counts, bars, max(1, len(bars)) * _BAR_STEP)


def _bar(at: int, span: tuple[float, float, int], max_count: int) -> Bar:
    low, high, count = span
    height = round(_HEIGHT * count / max_count, 1)
    until = f"to {1000 * high:g} ms" if high != float("inf") else "ms and more"
    return Bar(at * _BAR_STEP, _HEIGHT - height, height, f"{1000 * low:g} {until}: {count}")
