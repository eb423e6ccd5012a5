"""How long one request may take, and how many may be worked on at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import BUSY, TIMEOUT, problem_response

# Whoever watches the service must see it when it is busiest.
_ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
_TRY_AGAIN = {"Retry-After": "1"}


class LoadLimit:
    """ASGI middleware: 503 for more than `in_flight` requests at once, 504 for one whose answer has
    not begun after `seconds`. A stream that has begun goes on.

    A request counts while it is worked on. While it waits for its client, for the rest of its body
    or until its answer is read, it does not: slow clients cannot take the place of others.
    """

    def __init__(self, app: ASGIApp, in_flight: int, seconds: float) -> None:
        self._app = app
        self._max_in_flight = in_flight
        self._seconds = seconds
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        if self._in_flight >= self._max_in_flight:
            await problem_response(BUSY, scope, headers=_TRY_AGAIN)(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._answer(scope, self._uncounted_receive(receive), self._uncounted_send(send))
        finally:
            self._in_flight -= 1

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

    def _uncounted_receive(self, receive: Receive) -> Receive:
        complete = False

        async def receive_body() -> Message:
            nonlocal complete
            if complete:  # what comes now is the end of the connection; the request is worked on
                return await receive()
            with self._uncounted():
                message = await receive()
            complete = not message.get("more_body", False)
            # Its place may have been taken meanwhile.
            if complete and self._in_flight > self._max_in_flight:
                raise HTTPException(BUSY.status, headers=_TRY_AGAIN)
            return message

        return receive_body

    def _uncounted_send(self, send: Send) -> Send:
        async def send_answer(message: Message) -> None:
            with self._uncounted():
                await send(message)

        return send_answer

    @contextmanager
    def _uncounted(self) -> Iterator[None]:
        self._in_flight -= 1
        try:
            yield
        finally:
            self._in_flight += 1
