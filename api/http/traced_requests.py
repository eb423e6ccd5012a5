"""A span for each request, named after its route template; searches and answers stand within it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access_log import UNMATCHED
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
        status = 500

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing.request(scope["method"], Headers(scope=scope)) as span:
            try:
                await self._app(scope, receive, send_noting_status)
            finally:
                route = getattr(scope.get("route"), "path", UNMATCHED)
                answered(span, scope["method"], route, status, scope["state"]["request_id"])
