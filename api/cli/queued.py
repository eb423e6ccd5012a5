"""Work on the index from a command line: here if nobody owns it, else as a job of who does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import rag.errors
from api.compose.local import open_catalog
from api.compose.upkeep import open_keeper
from api.settings import Settings
from rag.domain.jobs import Job, JobKind, JobState
from rag.errors import Cancelled, IndexBusy, RunbookError
from rag.indexing.ports import JobQueue

if TYPE_CHECKING:
    from ingest.runs.report import Progress

_LOOKED_AFTER = 0.1
_TAKEN_UP_WITHIN = 120.0  # a service looks every second, once it is up


def do_or_queue(
    settings: Settings, kind: JobKind, scope: Mapping[str, Any], by: str, progress: Progress
) -> Mapping[str, Any]:
    """The result of a job, run here or by the service that owns the index.

    Raises what the job raises, and IndexBusy when the owner of the index takes up no jobs.
    """
    from api.index.generation_keeper import perform

    try:
        with open_keeper(settings) as keeper:
            return perform(keeper, kind, scope, by, progress)
    except IndexBusy as busy:
        with open_catalog(settings) as catalog:
            job = catalog.jobs.enqueue(kind, scope, by)
            try:
                return _awaited(catalog.jobs, job, busy, progress)
            except KeyboardInterrupt:
                catalog.jobs.cancel(job.id)
                raise


def _awaited(jobs: JobQueue, job: Job, busy: IndexBusy, progress: Progress) -> Mapping[str, Any]:
    until, seen = time.monotonic() + _TAKEN_UP_WITHIN, job
    while seen.is_open:
        if any(one.state is JobState.RUNNING for one in jobs.list(50)):
            until = time.monotonic() + _TAKEN_UP_WITHIN
        elif time.monotonic() > until:
            jobs.cancel(job.id)
            raise busy
        time.sleep(_LOOKED_AFTER)
        now = jobs.get(job.id) or seen
        progress.found(max(0, now.found - seen.found))
        progress.done(max(0, now.done - seen.done), max(0, now.chunks - seen.chunks))
        seen = now
    return _result(seen)


def _result(job: Job) -> Mapping[str, Any]:
    if job.state is JobState.CANCELLED:
        raise Cancelled(f"job {job.id} was cancelled")
    if job.state is JobState.FAILED:
        kind = getattr(rag.errors, job.error or "", RunbookError)
        raise kind(job.reason or f"job {job.id} failed: the service's log says why")
    return job.result or {}
