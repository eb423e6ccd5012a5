"""Keeps an index up to date for as long as its process lives."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingest.runs.report import IngestReport
from ingest.sources.source import Source
from ingest.sources.watching import Changes, narrowed
from rag.errors import RunbookError

log = logging.getLogger(__name__)
_FIRST_WAIT = 1.0  # seconds after a failure, doubled each time
_LONGEST_WAIT = 60.0
_SETTLE = 0.2
_MAX_UNSETTLED = 60.0  # what is never left alone is indexed as it stands


class IndexNow(Protocol):
    """Brings sources up to date; `whole` when they are all there are. Raises RunbookError."""

    def __call__(
        self, sources: Sequence[Source], *, whole: bool, settle: float
    ) -> IngestReport: ...


@dataclass(slots=True)
class Watch:
    """What to keep up to date; `reconcile` is after how many seconds everything is compared.

    A reconcile finds what the watcher missed, and what a commit changed without changing files.
    `failed` is called for each failed attempt, also if only one source failed.
    """

    index: IndexNow
    sources: Sequence[Source]
    changes: Changes
    reconcile: float
    stop: threading.Event
    failed: Callable[[], None] = lambda: None
    due: threading.Event = field(default_factory=threading.Event)
    _unsettled_since: float | None = None

    def run(self, on_report: Callable[[IngestReport], None]) -> None:
        """Index everything, then whatever changes until `stop`; `on_report` gets each run's report.

        Setting `due` asks for a reconcile at once. What failed is tried again, with what has
        changed since.
        """
        at, wait = time.monotonic(), _FIRST_WAIT
        while not self.stop.is_set():
            changed = self.changes.take(min(0.5, max(0.0, at - time.monotonic())))
            whole = self.due.is_set() or time.monotonic() >= at
            if not whole and not changed:
                continue
            self.due.clear()
            part = self.sources if whole else narrowed(self.sources, changed)
            report = self._attempt(part, whole=whole, wait=wait)
            if report is not None:
                wait = _FIRST_WAIT
                at = time.monotonic() + self.reconcile if whole else at
                self._report(report, on_report)
                continue
            self._again(changed)
            at = time.monotonic() if whole else at
            self.stop.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _again(self, changed: Mapping[str, frozenset[str]]) -> None:
        for source, paths in changed.items():
            for path in paths:
                self.changes.add(source, path)

    def _report(
        self, report: IngestReport | None, on_report: Callable[[IngestReport], None]
    ) -> None:
        if report is None:
            return
        if report.unreachable:
            self.failed()
        for source, path in report.unsettled:
            self.changes.add(source, path)
        if not report.unsettled:
            self._unsettled_since = None
        elif self._unsettled_since is None:
            self._unsettled_since = time.monotonic()
        on_report(report)

    def _settle(self) -> float:
        since = self._unsettled_since
        waited = 0.0 if since is None else time.monotonic() - since
        return _SETTLE if waited < _MAX_UNSETTLED else 0.0

    def _attempt(
        self, sources: Sequence[Source], *, whole: bool, wait: float
    ) -> IngestReport | None:
        """The report, or None after a failure, which is counted and logged."""
        try:
            return self.index(sources, whole=whole, settle=self._settle())
        except RunbookError as error:
            if not self.stop.is_set():
                log.warning("not indexed, trying again in %.0f s: %s", wait, error)
        except Exception:  # the watcher must survive any error
            log.exception("not indexed, trying again in %.0f s", wait)
        self.failed()
        return None
