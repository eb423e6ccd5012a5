"""Prometheus metrics: counts and times with bounded labels; never a path, query or user."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.records.drift_metrics import drift_gauges
from api.records.eval_metrics import eval_gauges
from api.records.model_metrics import ModelMetrics
from api.records.query_counts import LATENCY, NO_RESULT, QueryCounts, query_counts_of
from api.records.request_metrics import RequestMetrics
from api.records.shared_metrics import SharedValues
from rag.domain.documents import FreshnessStatus
from rag.domain.index import IndexSummary
from rag.domain.jobs import JobState
from rag.domain.search import Mode
from rag.errors import RunbookError
from rag.ports import AnswerOutcome, ModelCall, Stage

if TYPE_CHECKING:
    from evals.drift.report import DriftReport
    from evals.running.history import PastRun

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# Seconds. A warm search takes some milliseconds; a cold model takes a second or more.
_LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# Seconds. A watcher takes less than one; a fetched repository waits for its next reconcile.
_LAG_BUCKETS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800, 86400)
_MAX_LAG = timedelta(days=1)

log = logging.getLogger(__name__)


class Metrics:
    """The metrics of a service, in a registry of their own; the search engine's observer.

    With `shared` they are counted together with those of the other processes of the service.
    """

    def __init__(self, shared: SharedValues | None = None) -> None:
        if shared is not None:
            shared.use()
        self._shared = shared
        self._registry = CollectorRegistry()
        self._requests = RequestMetrics(self._registry)
        self._bodies_dropped = Counter(
            "runbook_unverified_bodies_dropped_total",
            "Unsigned bodies (Slack, GitHub) that gave their place to a newer one.",
            registry=self._registry,
        )
        self._latency = Histogram(
            LATENCY,
            "Wall time of one search, from question to hits.",
            ("mode",),
            buckets=_LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "runbook_retrieval_stage_seconds",
            "Wall time of each stage of a search.",
            ("stage",),
            buckets=_LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._no_result = Counter(
            NO_RESULT,
            "Searches that found nothing that answers.",
            registry=self._registry,
        )
        self._denied = Counter(
            "runbook_acl_denied_total",
            "Chunks that a retriever returned and the second access check removed.",
            registry=self._registry,
        )
        self._failures = Counter(
            "runbook_ingest_failures_total",
            "Attempts of this process to bring the index up to date that failed.",
            registry=self._registry,
        )
        self._reading_failures = Counter(
            "runbook_reading_failures_total",
            "Files that could not be read within the limits of time, memory and output.",
            ("reason",),
            registry=self._registry,
        )
        self._lag = Histogram(
            "runbook_index_lag_seconds",
            "Time from the commit of a document, or the change of its file, until it is served.",
            buckets=_LAG_BUCKETS,
            registry=self._registry,
        )
        self._feedback = Histogram(
            "runbook_user_feedback_score",
            "What users thought of answers: -1 did not help, 1 did.",
            buckets=(-1, 1),
            registry=self._registry,
        )
        self._unaudited = Counter(
            "runbook_audit_failures_total",
            "Lines of the audit log that could not be written.",
            registry=self._registry,
        )
        self._groups_unread = Counter(
            "runbook_groups_reload_failures_total",
            "Changes of the configuration whose groups could not be read.",
            registry=self._registry,
        )
        self._groups_dropped = Counter(
            "runbook_identity_groups_dropped_total",
            "Groups of tokens and proxies that are no ACL tags, and so count for nothing.",
            registry=self._registry,
        )
        self._notifications = Counter(
            "runbook_notifications_total",
            "Messages about groups of alerts, by what became of them.",
            ("outcome",),
            registry=self._registry,
        )
        self._alerts_not_notified = Counter(
            "runbook_notification_alerts_dropped_total",
            "Alerts that found no room among those that wait for a receiver of notifications.",
            registry=self._registry,
        )
        for outcome in ("sent", "failed", "limited"):
            self._notifications.labels(outcome)
        self._models = ModelMetrics(self._registry)
        for mode in Mode:  # a series that is there from the start has a rate from the start
            self._latency.labels(mode.value)

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None:
        self._latency.labels(mode.value).observe(seconds)
        for stage in stages:
            self._stages.labels(stage.name).observe(stage.seconds)
        if no_result:
            self._no_result.inc()

    def query_counts(self) -> QueryCounts:
        """The searches since the start, of all modes together."""
        return query_counts_of(self._counted().collect())

    def model_called(self, call: ModelCall) -> None:
        self._models.called(call)

    def answer_given(self, outcome: AnswerOutcome) -> None:
        self._models.answered(outcome)

    def refused(self, count: int) -> None:
        self._denied.inc(count)

    def ingest_failed(self) -> None:
        self._failures.inc()

    def reading_failed(self, reason: str) -> None:
        """`reason` is a `FailureKind`; nothing of the file is known here."""
        self._reading_failures.labels(reason).inc()

    def reading_failures(self) -> dict[str, int]:
        """How many files could not be read within the limits, by reason."""
        if self._shared is None:
            counters: Iterable[Metric] = self._reading_failures.collect()
        else:
            counters = self._shared.counters()
        return {
            sample.labels["reason"]: int(sample.value)
            for family in counters
            for sample in family.samples
            if sample.name == "runbook_reading_failures_total"
        }

    def document_served(self, lag: timedelta) -> None:
        """Observe the time from the change of a document until it is served, up to a day.

        What was changed earlier is indexed for the first time or moved, and says nothing of lag.
        """
        if lag <= _MAX_LAG:
            self._lag.observe(max(0.0, lag.total_seconds()))

    def judged(self, score: int) -> None:
        self._feedback.observe(score)

    def audit_failed(self) -> None:
        self._unaudited.inc()

    def groups_unread(self) -> None:
        self._groups_unread.inc()

    def groups_dropped(self, count: int) -> None:
        self._groups_dropped.inc(count)

    def notified(self, outcome: str) -> None:
        """Count a message about a group of alerts: it was sent, it failed, or it was one too many
        within an hour (`limited`)."""
        self._notifications.labels(outcome).inc()

    def notification_alerts_dropped(self, count: int) -> None:
        self._alerts_not_notified.inc(count)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one HTTP response; `route` is a template, such as `/v1/documents/{id}`."""
        self._requests.answered(route, status, seconds)

    def unverified_body_dropped(self) -> None:
        self._bodies_dropped.inc()

    def client_disconnected(self) -> None:
        """Count one HTTP request whose client went away before the end of the answer."""
        self._requests.client_disconnected()

    def render(
        self,
        summary: Callable[[], IndexSummary],
        last_eval: PastRun | None = None,
        last_drift: DriftReport | None = None,
    ) -> bytes:
        """Everything in Prometheus' text format, the index as `summary` finds it now.

        When the catalog cannot be read the index gauges are left out, for `absent()` to notice.
        """
        now = generate_latest(_registry_of(summary, last_eval, last_drift))
        return generate_latest(self._counted()) + now

    def _counted(self) -> CollectorRegistry:
        return self._registry if self._shared is None else self._shared.registry()


class _Now(Collector):
    """The metrics that are read when they are rendered."""

    def __init__(
        self,
        summary: Callable[[], IndexSummary],
        last_eval: PastRun | None,
        last_drift: DriftReport | None,
    ) -> None:
        self._summary = summary
        self._last_eval = last_eval
        self._last_drift = last_drift

    def collect(self) -> Iterator[Metric]:
        yield from eval_gauges(self._last_eval)
        yield from drift_gauges(self._last_drift)
        try:
            found = self._summary()
        except RunbookError as error:
            log.error("the index cannot be counted: %s", error)
            return
        yield from _index_gauges(found)


def _registry_of(
    summary: Callable[[], IndexSummary],
    last_eval: PastRun | None,
    last_drift: DriftReport | None,
) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Now(summary, last_eval, last_drift))
    return registry


def _index_gauges(found: IndexSummary) -> Iterator[Metric]:
    yield _gauge("runbook_index_documents", "Documents served.", found.documents)
    generation = GaugeMetricFamily(
        "runbook_index_generation_info", "The serving generation; 1.", labels=("generation",)
    )
    generation.add_metric([str(found.generation)], 1)
    yield generation
    yield _gauge("runbook_index_chunks", "Chunks served.", found.chunks)
    yield _gauge(
        "runbook_index_last_success_timestamp_seconds",
        "Unix time of the last ingest that came to its end; 0 before the first.",
        found.last_success.timestamp() if found.last_success else 0,
    )
    yield _gauge(
        "runbook_quarantined_documents",
        "Files that cannot be indexed as they stand.",
        found.quarantined,
    )
    freshness = GaugeMetricFamily(
        "runbook_document_freshness", "Documents served, by freshness.", labels=("status",)
    )
    for status in FreshnessStatus:
        freshness.add_metric([status.value], found.freshness.get(status, 0))
    yield freshness
    jobs = GaugeMetricFamily(
        "runbook_jobs", "Jobs in the catalog's queue and its history, by state.", labels=("state",)
    )
    for state in JobState:
        jobs.add_metric([state.value], found.jobs.get(state, 0))
    yield jobs


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)
