"""Metrics of the last run of `runbook drift`; the names of measures are the only label values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

if TYPE_CHECKING:
    from evals.drift.report import DriftReport


def drift_gauges(last: DriftReport | None) -> Iterator[Metric]:
    """No metric if drift was never measured. A measure that was not compared has no series."""
    if last is None:
        return
    yield GaugeMetricFamily(
        "runbook_query_drift_last_run_timestamp_seconds",
        "Unix time of the last run of `runbook drift`.",
        value=datetime.fromisoformat(last.made_at).timestamp(),
    )
    requests = GaugeMetricFamily(
        "runbook_query_drift_requests",
        "Requests of each window that the last run of `runbook drift` compared.",
        labels=("window",),
    )
    requests.add_metric(["recent"], last.recent.requests)
    requests.add_metric(["reference"], last.reference.requests)
    yield requests
    detected = _family("runbook_query_drift_detected", "Whether the windows differ: 1 or 0.")
    difference = _family(
        "runbook_query_drift_difference",
        "Kolmogorov-Smirnov distance, or squared maximum mean discrepancy of the questions.",
    )
    probability = _family(
        "runbook_query_drift_p_value", "p-value, corrected for the number of measures."
    )
    for one in last.comparisons:
        if one.difference is not None and one.p_value is not None:
            detected.add_metric([one.measure.value], float(one.drifted))
            difference.add_metric([one.measure.value], one.difference)
            probability.add_metric([one.measure.value], one.p_value)
    yield from (detected, difference, probability)


def _family(name: str, documentation: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, labels=("measure",))
