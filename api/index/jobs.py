"""Runs queued jobs one after another, in a thread of the process that owns the index."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from rag.domain.jobs import Job, JobKind, JobState
from rag.errors import Cancelled, IndexBusy, RunbookError
from rag.indexing.ports import JobQueue

log = logging.getLogger(__name__)
_LOOKED_AFTER = 1.0  # seconds: another process may queue a job
_AFTER_FAILURE = 5.0
_RECORD_INTERVAL = 0.25

Work = Callable[[Job, "JobProgress"], Mapping[str, Any]]


class JobProgress:
    """Notes how far a job is, and raises Cancelled in it when it is to end."""

    def __init__(self, jobs: JobQueue, job: Job, stopping: Callable[[], bool]) -> None:
        self._jobs = jobs
        self._job = job
        self._stopping = stopping
        self._counts = [0, 0, 0]
        self._recorded = 0.0

    def found(self, documents: int) -> None:
        self._add(documents, 0, 0)

    def done(self, documents: int, chunks: int) -> None:
        self._add(0, documents, chunks)

    def note(self) -> None:
        """Write the counts down now."""
        self._recorded = time.monotonic()
        if self._jobs.progress(self._job.id, *self._counts):
            raise Cancelled("the job was cancelled")

    def _add(self, found: int, done: int, chunks: int) -> None:
        more = (found, done, chunks)
        self._counts = [had + one for had, one in zip(self._counts, more, strict=True)]
        if self._stopping():
            raise Cancelled("the process ends")
        if time.monotonic() - self._recorded >= _RECORD_INTERVAL:
            self.note()


class JobRunner:
    """One worker. `owned` is held while a job runs, so that no other process writes the index."""

    def __init__(
        self,
        jobs: JobQueue,
        work: Mapping[JobKind, Work],
        owned: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._jobs = jobs
        self._work = work
        self._owned = owned
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There may be a job: look now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the current batch; a job that was cut off is queued again."""
        self._stopped.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._work_off()
            except IndexBusy:
                pass  # its owner works off the same queue
            except RunbookError as error:
                log.warning("jobs wait: %s", error)
                self._stopped.wait(_AFTER_FAILURE)
            except Exception:  # the thread must survive any error
                log.exception("jobs wait")
                self._stopped.wait(_AFTER_FAILURE)
            self._woken.wait(_LOOKED_AFTER)
            self._woken.clear()

    def _work_off(self) -> None:
        while not self._stopped.is_set() and self._jobs.are_open():
            with self._owned():
                job = self._jobs.claim()
                if job is None:
                    return
                self._do(job)

    def _do(self, job: Job) -> None:
        progress = JobProgress(self._jobs, job, self._stopped.is_set)
        try:
            result = self._work[job.kind](job, progress)
            with suppress(Cancelled):  # too late: it is done
                progress.note()
        except Cancelled:
            self._end_early(job)
        except RunbookError as error:
            log.warning("job %s failed: %s", job.id, error)
            self._fail(job, type(error).__name__, str(error))
        except Exception as error:  # nothing else would report an error of this thread
            log.exception("job %s failed", job.id)
            self._fail(job, "Error", type(error).__name__)
        else:
            self._jobs.finish(job.id, JobState.DONE, result=result)

    def _end_early(self, job: Job) -> None:
        now = self._jobs.get(job.id)
        if now is not None and now.cancelling:
            self._jobs.finish(job.id, JobState.CANCELLED)
        else:
            self._jobs.put_back(job.id)

    def _fail(self, job: Job, error: str, reason: str) -> None:
        self._jobs.finish(job.id, JobState.FAILED, error=error, reason=reason)
