"""A span for each request, named after its route template; searches and answers stand within it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.access_log import UNMATCHED
from api.http.outcome import Outcome
from api.records.tracing import Tracing, answered


class TracedRequests:
    """ASGI middleware, inside the layer that gives the request its id."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outcome = Outcome(receive, send)
        with self._tracing.request(scope["method"], Headers(scope=scope)) as span:
            try:
                await self._app(scope, outcome.receive, outcome.send)
            finally:
                route = getattr(scope.get("route"), "path", UNMATCHED)
                request_id = scope["state"]["request_id"]
                answered(span, scope["method"], route, outcome.status, request_id)
