"""How many searches were made, and how long they took, read from the metrics."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric

LATENCY = "runbook_retrieval_latency_seconds"
NO_RESULT = "runbook_retrieval_no_result_count"


@dataclass(frozen=True, slots=True)
class QueryCounts:
    """`buckets` are upper bounds in seconds, each with the number of searches up to it."""

    searches: int
    without_result: int
    seconds: float
    buckets: Sequence[tuple[float, int]]


def query_counts_of(collected: Iterable[Metric]) -> QueryCounts:
    """The counts of all label values together."""
    upto: Counts[float] = Counts()
    seconds, without = 0.0, 0
    for sample in (sample for family in collected for sample in family.samples):
        if sample.name == f"{LATENCY}_bucket":
            upto[float(sample.labels["le"])] += int(sample.value)
        elif sample.name == f"{LATENCY}_sum":
            seconds += sample.value
        elif sample.name == f"{NO_RESULT}_total":
            without += int(sample.value)
    return QueryCounts(upto[float("inf")], without, seconds, sorted(upto.items()))
