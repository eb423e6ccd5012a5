"""How long one request may take, and how many may be answered at once."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import BUSY, TIMEOUT, problem_response

# Whoever watches the service must see it when it is busiest.
_ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
_TRY_AGAIN = {"Retry-After": "1"}


class LoadLimit:
    """ASGI middleware: 503 for more than `in_flight` requests at once, 504 for one whose answer has
    not begun after `seconds`. A stream that has begun goes on."""

    def __init__(self, app: ASGIApp, in_flight: int, seconds: float) -> None:
        self._app = app
        self._most = in_flight
        self._seconds = seconds
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        if self._running >= self._most:
            await problem_response(BUSY, scope, headers=_TRY_AGAIN)(scope, receive, send)
            return
        self._running += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                deadline.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as deadline:
                await self._app(scope, receive, send_in_time)
        except TimeoutError:
            if not deadline.expired():
                raise
            await problem_response(TIMEOUT, scope)(scope, receive, send)
