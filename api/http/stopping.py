"""The end of a serving process: not ready first, then no new requests, then the end of streams."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn

log = structlog.stdlib.get_logger(__name__)


class Stopping:
    """Whether the process is being stopped; known to readiness and to streams.

    Streams that last longer than `stream_seconds` from the beginning of the stop are to end.
    """

    def __init__(self, stream_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream_seconds = stream_seconds
        self._clock = clock
        self._streams_end = math.inf

    def begin(self) -> None:
        """The process was asked to stop; later calls change nothing."""
        if not self.begun:
            self._streams_end = self._clock() + self._stream_seconds

    @property
    def begun(self) -> bool:
        return self._streams_end < math.inf

    @property
    def streams_end(self) -> bool:
        """Whether streams are to end now."""
        return self._clock() >= self._streams_end


class DrainingServer(uvicorn.Server):
    """On SIGTERM it is not ready at once, and accepts connections for another `drain_seconds`.

    Load balancers need that time to see that it is not ready, and send requests until then. SIGINT,
    and a second SIGTERM, stop it without a drain. Requests in flight are finished either way.
    """

    def __init__(self, config: uvicorn.Config, stopping: Stopping, drain_seconds: float) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the signal handler of the main thread."""
        drains = sig == signal.SIGTERM and not self._stopping.begun and self._drain_seconds > 0
        self._stopping.begin()
        if not drains:
            super().handle_exit(sig, frame)
            return
        timer = threading.Timer(self._drain_seconds, super().handle_exit, (sig, frame))
        timer.daemon = True
        timer.start()
