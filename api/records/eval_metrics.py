"""What Prometheus may know of the last eval run; labels are the names of scores alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

if TYPE_CHECKING:
    from evals.running.history import PastRun

_SHARE = "pass_rate"


def eval_gauges(last: PastRun | None) -> Iterator[Metric]:
    """Nothing where no suite was ever run, for `absent()` to notice."""
    if last is None:
        return
    if _SHARE in last.scores:
        yield GaugeMetricFamily(
            "runbook_eval_pass_rate",
            "Share of the questions of the last eval run that passed.",
            value=last.scores[_SHARE],
        )
    yield GaugeMetricFamily(
        "runbook_eval_gate_passed",
        "Whether the gate let the last eval run pass: 1 or 0.",
        value=float(last.passed),
    )
    yield GaugeMetricFamily(
        "runbook_eval_last_run_timestamp_seconds",
        "Unix time of the last eval run.",
        value=datetime.fromisoformat(last.made_at).timestamp(),
    )
    scores = GaugeMetricFamily(
        "runbook_eval_score", "Means of the last eval run, by score.", labels=("metric",)
    )
    for name, mean in sorted(last.scores.items()):
        if name != _SHARE:
            scores.add_metric([name], mean)
    yield scores
