"""Server-sent events that end with their reader: what makes them stops when a client has gone."""

from __future__ import annotations

from collections.abc import Generator

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class EventStream(StreamingResponse):
    """A stream of text that closes its generator at the end, whichever way the end comes.

    Left to the garbage collector, a model goes on for seconds after its reader has gone.
    """

    def __init__(self, parts: Generator[str, None, None]) -> None:
        super().__init__(parts, media_type="text/event-stream")
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._parts.close)
