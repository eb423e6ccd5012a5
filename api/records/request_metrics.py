"""Metrics of HTTP requests; labels are route templates and status classes, never a path."""

from __future__ import annotations

from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Histogram

# Seconds. A search takes milliseconds; an answer by a model takes up to its deadline.
_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class RequestMetrics:
    """Counts and durations of HTTP requests, in the registry that they are given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "runbook_request_count",
            "HTTP requests answered, by route template and status class.",
            ("route", "status"),
            registry=registry,
        )
        self._latency = Histogram(
            "runbook_request_latency_seconds",
            "Wall time from the first byte of a request to the last byte of its answer.",
            ("route",),
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self._rate_limited = Counter(
            "runbook_rate_limited_total",
            "HTTP requests refused with status 429 because their caller exceeded a limit.",
            registry=registry,
        )
        self._disconnects = Counter(
            "runbook_client_disconnects_total",
            "HTTP requests whose client went away before the end of the answer.",
            registry=registry,
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one response; `route` is a template such as `/v1/documents/{id}`."""
        self._requests.labels(route, f"{status // 100}xx").inc()
        self._latency.labels(route).observe(seconds)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self._rate_limited.inc()

    def client_disconnected(self) -> None:
        """Count one request that got no complete answer because its client went away."""
        self._disconnects.inc()
