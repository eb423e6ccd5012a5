"""The first run over all sources: a service is not ready before it has come to its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ingest.runs.report import IngestReport, Progress
from rag.errors import Cancelled, RunbookError

log = logging.getLogger(__name__)
_FIRST_WAIT = 1.0  # seconds after a failure, doubled each time
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class FirstRun:
    """`index` runs over all sources once; `failed` is called after each attempt that failed.

    Setting `stop` ends the run after its current batch.
    """

    index: Callable[[Progress], IngestReport]
    failed: Callable[[], None]
    stop: threading.Event

    def run(self) -> IngestReport:
        """Index everything, and try again until there is something to serve.

        A source that cannot be reached does not keep the others from being served. Raises
        Cancelled when it is stopped.
        """
        wait = _FIRST_WAIT
        while (report := self._attempt(wait)) is None:
            if self.stop.wait(wait):
                raise Cancelled("the process ends")
            wait = min(2 * wait, _LONGEST_WAIT)
        return report

    def _attempt(self, wait: float) -> IngestReport | None:
        try:
            report = self.index(_UntilStopped(self.stop))
        except Cancelled:
            raise
        except RunbookError as error:
            log.warning("not indexed, trying again in %.0f s: %s", wait, error)
            self.failed()
            return None
        for problem in report.unreachable:
            log.warning("a source could not be reached: %s", problem)
        if report.unreachable:
            self.failed()
        return None if report.unreachable and not report.chunks else report


class _UntilStopped:
    """Progress that nobody watches; ends the run when `stop` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def found(self, documents: int) -> None:  # noqa: ARG002 - of the port
        self._check()

    def done(self, documents: int, chunks: int) -> None:  # noqa: ARG002 - of the port
        self._check()

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled("the process ends")
