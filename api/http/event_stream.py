"""Server-sent events that end with their reader: what makes them stops when a client has gone."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.stopping import Stopping


class EventStream(StreamingResponse):
    """A stream of text that closes its generator at the end, whichever way the end comes.

    Left to the garbage collector, a model goes on for seconds after its reader has gone. When the
    process is stopped and the stream's time is over, `stopped` is the last part: it says why.
    """

    def __init__(self, parts: Generator[str, None, None], *, stopped: str) -> None:
        self._parts = parts
        self._stopped = stopped
        self._stopping: Stopping | None = None
        super().__init__(self._until_stopped(), media_type="text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._stopping = scope["app"].state.stopping
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._parts.close)

    def _until_stopped(self) -> Iterator[str]:
        for part in self._parts:
            if self._stopping is not None and self._stopping.streams_end:
                yield self._stopped
                return
            yield part
