"""One log line and one count for each request: its route template, never its path or query."""

from __future__ import annotations

import hashlib
import time

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.outcome import Outcome
from api.records.metrics import Metrics

UNMATCHED = "unmatched"

log = structlog.stdlib.get_logger(__name__)


class AccessLog:
    """ASGI middleware, inside the layer that gives the request its id."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outcome, started = Outcome(receive, send), time.perf_counter()
        try:
            await self._app(scope, outcome.receive, outcome.send)
        finally:
            self._record(scope, outcome, time.perf_counter() - started)

    def _record(self, scope: Scope, outcome: Outcome, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        principal = scope["state"].get("principal")
        if outcome.disconnected:
            self._metrics.client_disconnected()
        else:
            self._metrics.answered(route, outcome.status, seconds)
        log.info(
            "request",
            method=scope["method"],
            route=route,
            status=outcome.status,
            ms=round(seconds * 1000, 1),
            principal=_pseudonym(principal.name) if principal else None,
        )


def _pseudonym(name: str) -> str:
    """A key's id as it is; a person by a hash: the audit log says who it was."""
    kind, _, who = name.partition(":")
    if kind == "key" or not who:
        return name
    return f"{kind}:{hashlib.sha256(who.encode()).hexdigest()[:12]}"
