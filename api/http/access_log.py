"""One log line and one count for each request: its route template, never its path or query."""

from __future__ import annotations

import hashlib
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        status, started = 500, time.perf_counter()

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        principal = scope["state"].get("principal")
        self._metrics.answered(route, status)
        log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            principal=_pseudonym(principal.name) if principal else None,
        )


def _pseudonym(name: str) -> str:
    """A key's id as it is; a person by a hash: the audit log says who it was."""
    kind, _, who = name.partition(":")
    if kind == "key" or not who:
        return name
    return f"{kind}:{hashlib.sha256(who.encode()).hexdigest()[:12]}"
