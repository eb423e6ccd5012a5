"""Keeps an index up to date for as long as its process lives."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.indexer import Indexer
from ingest.report import IngestReport, Silent
from ingest.source_run import Source
from ingest.watching import Changes, narrowed
from rag.errors import RunbookError

_LOG = logging.getLogger(__name__)
_FIRST_WAIT = 1.0  # seconds after a failure, doubled each time
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Watch:
    """What to keep up to date; `reconcile` is after how many seconds everything is compared.

    A reconcile finds what the watcher missed, and what a commit changed without changing files.
    """

    indexer: Indexer
    sources: Sequence[Source]
    changes: Changes
    reconcile: float

    def once(self, stopped: Callable[[], bool]) -> IngestReport:
        """Bring everything up to date."""
        return self._with_patience(self.sources, whole=True, stopped=stopped)

    def run(self, told: Callable[[IngestReport], None], stopped: Callable[[], bool]) -> None:
        """Index whatever changes until `stopped`; each run's report is `told`."""
        due = time.monotonic() + self.reconcile
        while not stopped():
            changed = self.changes.take(min(1.0, max(0.0, due - time.monotonic())))
            if time.monotonic() >= due:
                told(self.once(stopped))
                due = time.monotonic() + self.reconcile
            elif changed:
                part = narrowed(self.sources, changed)
                told(self._with_patience(part, whole=False, stopped=stopped))

    def _with_patience(
        self, sources: Sequence[Source], *, whole: bool, stopped: Callable[[], bool]
    ) -> IngestReport:
        wait = _FIRST_WAIT
        while True:
            try:
                return self.indexer.ingest(
                    sources,
                    configured=frozenset(source.name for source in self.sources),
                    whole=whole,
                    prune=True,
                    full=False,
                    progress=Silent(),
                )
            except RunbookError as error:
                if stopped():
                    raise
                _LOG.warning("not indexed, trying again in %.0f s: %s", wait, error)
                time.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
