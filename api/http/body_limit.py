"""Limits on a body: its size, told from its header where there is one and counted as it comes, and
the time in which all of it must have come.

The framework's own limit answers in plain text and outside the layers that name and log a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What is left of such a body is not waited for: the connection ends with the answer.
_CLOSE = {"Connection": "close"}


class BodyLimit:
    """ASGI middleware: whoever reads a body of more than `max_bytes` gets HTTPException 413, and
    408 when it has not come `seconds` after its reading began. `larger` has the paths that take
    more, and how much; never less than `max_bytes`. A `*` in one stands for any one step."""

    def __init__(
        self, app: ASGIApp, max_bytes: int, seconds: float, larger: Mapping[str, int]
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        max_bytes = max(self._max_bytes, self._larger_limit(scope["path"]))
        body = _Body(receive, _declared(scope), max_bytes, self._seconds)
        await self._app(scope, body.receive, send)

    def _larger_limit(self, path: str) -> int:
        if path in self._larger:
            return self._larger[path]
        steps = path.split("/")
        return next((limit for known, limit in self._larger.items() if _fits(known, steps)), 0)


def _fits(known: str, steps: Sequence[str]) -> bool:
    """Whether a path has the steps of a known one, in which `*` stands for any one step."""
    wanted = known.split("/")
    return len(wanted) == len(steps) and all(
        one in ("*", step) for one, step in zip(wanted, steps, strict=True)
    )


class _Body:
    """One request's body on its way in."""

    def __init__(self, receive: Receive, declared: int, max_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._declared = declared
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._seen = 0
        self._until: float | None = None
        self._whole = False

    async def receive(self) -> Message:
        if self._declared > self._max_bytes:
            raise HTTPException(413, headers=_CLOSE)
        message = await self._next()
        self._seen += len(message.get("body", b""))
        if self._seen > self._max_bytes:
            raise HTTPException(413, headers=_CLOSE)
        self._whole = not message.get("more_body", False)
        return message

    async def _next(self) -> Message:
        if self._whole:  # what comes now is the end of the connection, whenever that is
            return await self._receive()
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                return await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, headers=_CLOSE) from error


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0
