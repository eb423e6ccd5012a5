"""How many searches a process made, and how long they took, read from its metrics."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Histogram
from prometheus_client.samples import Sample


@dataclass(frozen=True, slots=True)
class QueryCounts:
    """`buckets` are upper bounds in seconds, each with the number of searches up to it."""

    searches: int
    without_result: int
    seconds: float
    buckets: Sequence[tuple[float, int]]


def query_counts_of(latency: Histogram, no_result: Counter) -> QueryCounts:
    """The counts of all label values together."""
    upto: Counts[float] = Counts()
    seconds = 0.0
    for sample in _samples(latency):
        if sample.name.endswith("_bucket"):
            upto[float(sample.labels["le"])] += int(sample.value)
        elif sample.name.endswith("_sum"):
            seconds += sample.value
    without = sum(int(one.value) for one in _samples(no_result) if one.name.endswith("_total"))
    return QueryCounts(upto[float("inf")], without, seconds, sorted(upto.items()))


def _samples(metric: Histogram | Counter) -> Iterator[Sample]:
    for family in metric.collect():
        yield from family.samples
