"""Whether the first search will be a quick one: the stores and the model, warmed up aside."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from api.http.stopping import Stopping
from rag.errors import Cancelled, RunbookError

# Longer than a model takes to load; the stores must not be closed while it loads.
_STOP_SECONDS = 30

log = structlog.stdlib.get_logger(__name__)


class Readiness:
    """Runs `warm` once in a thread, and is over once the process is stopping."""

    def __init__(self, warm: Callable[[], None], stopping: Stopping) -> None:
        self._reason: str | None = "warming"
        self._warm = warm
        self._stopping = stopping
        self._thread = threading.Thread(target=self._run, name="warm", daemon=True)

    @property
    def reason(self) -> str | None:
        """Why it is not ready; None when it is."""
        return "stopping" if self._stopping.begun else self._reason

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait until warming has ended."""
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        try:
            self._warm()
        except Cancelled:
            pass  # the process ends before the index stands
        except Exception as error:  # nothing else would report an error of this thread
            log.error("the index cannot be served", exc_info=error)
            self._reason = type(error).__name__ if isinstance(error, RunbookError) else "Error"
        else:
            self._reason = None
