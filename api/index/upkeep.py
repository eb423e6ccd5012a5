"""What a process does to an index that it owns: runs asked for, jobs, and watching."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.index.access_watch import AccessWatch
from api.index.first_run import FirstRun
from api.index.generation_keeper import GenerationKeeper, perform
from api.index.indexer import Indexer
from api.index.jobs import JobProgress, JobRunner, Work
from api.index.watching import Watch
from api.records.metrics import Metrics
from ingest.runs.report import IngestReport, Progress, Silent
from ingest.runs.request import IngestRequest
from ingest.sources.source import Source
from ingest.sources.watched_roots import watch
from ingest.sources.watching import Changes, narrowed
from rag.domain.jobs import Job, JobKind
from rag.errors import ConfigurationError, RunbookError, StoreError
from rag.indexing.ports import JobQueue

log = logging.getLogger(__name__)
_WATCH_AGAIN = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Brings the configured sources up to date."""

    indexer: Indexer
    sources: Sequence[Source]
    keeper: GenerationKeeper

    def works(self) -> Mapping[JobKind, Work]:
        """What each kind of job does."""

        def kept(job: Job, progress: JobProgress) -> Mapping[str, Any]:
            return perform(self.keeper, job.kind, job.scope, job.asked_by, progress)

        return {
            JobKind.REINDEX: self.reindex,
            JobKind.BUILD: kept,
            JobKind.PROMOTE: kept,
            JobKind.VERIFY: kept,
            JobKind.REPAIR: kept,
        }

    def index(
        self,
        sources: Sequence[Source],
        *,
        whole: bool,
        settle: float = 0.0,
        progress: Progress | None = None,
    ) -> IngestReport:
        """One run over some of the sources, or over the `whole` of them."""
        request = IngestRequest(
            sources,
            configured=frozenset(source.name for source in self.sources),
            complete=whole,
            settle=settle,
            pull=whole or len(sources) == 1,
            progress=progress or Silent(),
        )
        return self.indexer.ingest(request)

    def watch(
        self,
        *,
        polling: bool,
        reconcile: float,
        on_report: Callable[[IngestReport], None],
        failed: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        """Bring everything up to date, then whatever changes, until `stop`."""
        changes = Changes()
        # What a connector or git brings changes elsewhere: every reconcile asks for it.
        folders = [source for source in self.sources if not (source.connector or source.checkout)]
        ended = threading.Event()
        access = AccessWatch(self.indexer.access.apply, folders, ended, failed)
        end = watch(folders, changes, access.changes, polling=polling)
        thread = threading.Thread(target=access.run, name="access", daemon=True)
        thread.start()
        try:
            # What changed before the watcher stood is found by the first, whole run.
            Watch(self.index, self.sources, changes, reconcile, stop, failed).run(on_report)
        finally:
            end()
            ended.set()
            thread.join()

    def reindex(self, job: Job, progress: JobProgress) -> Mapping[str, Any]:
        """The work of a re-index job. Raises ConfigurationError for a source that is not there."""
        name, paths = job.scope.get("source"), job.scope.get("paths") or []
        if name is None:
            return _reached(self.index(self.sources, whole=True, progress=progress))
        chosen = [source for source in self.sources if source.name == name]
        if not chosen:
            raise ConfigurationError(f"no source {name!r} is configured")
        if paths:
            chosen = narrowed(chosen, {name: frozenset(paths)})
        return _reached(self.index(chosen, whole=False, progress=progress))


class Background:
    """Runs jobs, and a watcher if configured, while the service answers."""

    def __init__(self, upkeep: Upkeep, jobs: JobQueue, metrics: Metrics) -> None:
        self._upkeep = upkeep
        self._metrics = metrics
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._threads: list[threading.Thread] = []
        self._runner = JobRunner(jobs, upkeep.works(), upkeep.indexer.owned)
        self.wake = self._runner.wake

    def ready(self) -> None:
        """The stores are repaired and warm: begin."""
        self._ready.set()

    def start(self, *, watching: bool, polling: bool, reconcile: float) -> None:
        """Start the threads; they wait until it is `ready`."""
        self._begin("jobs-start", self._runner.start)
        if watching:
            self._begin("watch", lambda: self._watch(polling, reconcile))

    def first_run(self) -> None:
        """Index every source for the first time. Raises Cancelled when it is stopped."""

        def index(progress: Progress) -> IngestReport:
            return self._upkeep.index(self._upkeep.sources, whole=True, progress=progress)

        _log(FirstRun(index, self._metrics.ingest_failed, self._stop).run())

    def narrow_access(self) -> None:
        """Apply what readers have lost since the last run; a run gives and updates the rest.

        A source that fails is logged and counted, and the next one is applied all the same.
        """
        for source in self._upkeep.sources:
            try:
                self._upkeep.indexer.access.apply([source])
            except RunbookError as error:
                self._metrics.ingest_failed()
                log.warning("changes of access were not applied to %s: %s", source.name, error)

    def request_stop(self) -> None:
        """Let what runs end after its current batch; `stop` waits for it."""
        self._stop.set()

    def stop(self) -> None:
        """End after the current batch."""
        self._stop.set()
        self._ready.set()
        for thread in self._threads:
            thread.join()
        self._runner.stop()

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        def run() -> None:
            self._ready.wait()
            if not self._stop.is_set():
                work()

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _watch(self, polling: bool, reconcile: float) -> None:
        while not self._stop.is_set():
            try:
                self._upkeep.watch(
                    polling=polling,
                    reconcile=reconcile,
                    on_report=_log,
                    failed=self._metrics.ingest_failed,
                    stop=self._stop,
                )
            except Exception:  # the thread must survive any error
                self._metrics.ingest_failed()
                log.exception("watching ended, and begins again in %.0f s", _WATCH_AGAIN)
                self._stop.wait(_WATCH_AGAIN)


def _reached(report: IngestReport) -> Mapping[str, Any]:
    if report.unreachable:
        raise StoreError("; ".join(report.unreachable))
    return report.to_json()


def _log(report: IngestReport) -> None:
    for problem in report.unreachable:
        log.warning("a source could not be reached: %s", problem)
    if report.added or report.updated or report.deleted:
        log.info(
            "indexed: %d added, %d updated, %d deleted, %d quarantined in %.1f s",
            report.added,
            report.updated,
            report.deleted,
            len(report.quarantined),
            report.seconds,
        )
