"""The queue of jobs, its worker, and the doors to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from api.index.jobs import JobProgress, JobRunner
from rag.adapters.catalog.jobs import JobStore
from rag.domain.jobs import Job, JobKind, JobState
from rag.errors import IndexBusy, StoreError
from tests.catalogs import open_catalog

ALL: Mapping[str, Any] = {"source": None, "paths": []}


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[JobStore]:
    database = open_catalog(tmp_path / "catalog.db")
    yield JobStore(database)
    database.close()


@contextmanager
def running(jobs: JobStore, work: Callable[[Job, JobProgress], Any]) -> Iterator[JobRunner]:
    runner = JobRunner(jobs, {JobKind.REINDEX: work}, nullcontext)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


def ended(jobs: JobStore, identity: str, *states: JobState) -> Job:
    wanted = states or (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
    deadline = time.monotonic() + 20
    while (job := jobs.get(identity)) is not None and job.state not in wanted:
        assert time.monotonic() < deadline, job
        time.sleep(0.01)
    assert job is not None
    return job


def test_a_job_that_waits_is_not_queued_again(jobs: JobStore) -> None:
    first = jobs.enqueue(JobKind.REINDEX, ALL, "a")
    assert jobs.enqueue(JobKind.REINDEX, {"paths": [], "source": None}, "b").id == first.id
    other = jobs.enqueue(JobKind.REINDEX, {**ALL, "source": "s"}, "b")
    assert other.id != first.id
    assert jobs.claim() is not None
    # What runs may have passed what changed since: it is done once more.
    assert jobs.enqueue(JobKind.REINDEX, ALL, "a").id not in (first.id, other.id)


def test_jobs_run_in_turn_and_tell_how_far_they_are(jobs: JobStore) -> None:
    seen: list[Any] = []
    gate = threading.Event()

    def work(job: Job, progress: JobProgress) -> Mapping[str, Any]:
        progress.found(3)
        progress.note()
        seen.append(job.scope["source"])
        gate.wait(20)
        progress.done(3, 7)
        return {"added": 3}

    first = jobs.enqueue(JobKind.REINDEX, {**ALL, "source": "a"}, "x")
    second = jobs.enqueue(JobKind.REINDEX, {**ALL, "source": "b"}, "x")
    with running(jobs, work):
        assert ended(jobs, first.id, JobState.RUNNING).started_at is not None
        gate.set()
        done = ended(jobs, second.id)
    assert seen == ["a", "b"]
    assert (done.state, done.found, done.done, done.chunks) == (JobState.DONE, 3, 3, 7)
    assert done.result == {"added": 3}


def test_a_running_job_ends_after_its_batch_when_it_is_cancelled(jobs: JobStore) -> None:
    begun = threading.Event()

    def work(_: Job, progress: JobProgress) -> Mapping[str, Any]:
        while True:
            progress.done(1, 1)
            begun.set()
            time.sleep(0.01)

    job = jobs.enqueue(JobKind.REINDEX, ALL, "x")
    queued = jobs.enqueue(JobKind.REINDEX, {**ALL, "source": "s"}, "x")
    with running(jobs, work):
        assert begun.wait(20)
        assert jobs.cancel(queued.id) is not None
        jobs.cancel(job.id)
        assert ended(jobs, job.id).state is JobState.CANCELLED
    assert ended(jobs, queued.id).state is JobState.CANCELLED
    assert ended(jobs, queued.id).started_at is None
    assert jobs.cancel("nothing") is None


def test_a_cancellation_that_comes_too_late_hides_nothing(jobs: JobStore) -> None:
    def work(job: Job, _: JobProgress) -> Mapping[str, Any]:
        jobs.cancel(job.id)
        return {"generation": 2}

    job = jobs.enqueue(JobKind.REINDEX, ALL, "x")
    with running(jobs, work):
        job_report = ended(jobs, job.id)
    assert (job_report.state, job_report.result) == (JobState.DONE, {"generation": 2})


def test_a_job_survives_the_end_of_its_process(jobs: JobStore) -> None:
    begun = threading.Event()

    def endless(_: Job, progress: JobProgress) -> Mapping[str, Any]:
        while True:
            progress.done(1, 1)
            begun.set()
            time.sleep(0.01)

    job = jobs.enqueue(JobKind.REINDEX, ALL, "x")
    with running(jobs, endless):
        assert begun.wait(20)
    assert ended(jobs, job.id, JobState.QUEUED).done == 0
    jobs.claim()  # and a process that is killed leaves it running
    with running(jobs, lambda _job, _progress: {"added": 0}):
        assert ended(jobs, job.id).state is JobState.DONE


def test_a_job_that_fails_says_why_and_the_next_one_runs(jobs: JobStore) -> None:
    def work(job: Job, _: JobProgress) -> Mapping[str, Any]:
        if job.scope["source"] == "bad":
            raise StoreError("the disk is full: make room")
        if job.scope["source"] == "worse":
            raise ZeroDivisionError("secret text")
        return {}

    bad, worse, good = (
        jobs.enqueue(JobKind.REINDEX, {**ALL, "source": name}, "x")
        for name in ("bad", "worse", "good")
    )
    with running(jobs, work):
        assert ended(jobs, good.id).state is JobState.DONE
    failed, broken = ended(jobs, bad.id), ended(jobs, worse.id)
    assert (failed.error, failed.reason) == ("StoreError", "the disk is full: make room")
    assert (broken.error, broken.reason) == ("Error", "ZeroDivisionError")


def test_who_does_not_own_the_index_runs_nothing(jobs: JobStore) -> None:
    tried = threading.Event()

    def busy() -> Any:
        tried.set()
        raise IndexBusy("another process")

    runner = JobRunner(jobs, {JobKind.REINDEX: lambda _job, _progress: {}}, busy)
    job = jobs.enqueue(JobKind.REINDEX, ALL, "x")
    runner.start()
    assert tried.wait(20)
    runner.stop()
    assert ended(jobs, job.id, JobState.QUEUED).started_at is None


def test_the_history_is_bounded(jobs: JobStore) -> None:
    for number in range(210):
        job = jobs.enqueue(JobKind.REINDEX, {**ALL, "source": str(number)}, "x")
        jobs.cancel(job.id)
    jobs.enqueue(JobKind.REINDEX, ALL, "x")
    assert len(jobs.list(1000)) == 201
    assert jobs.list(1)[0].scope == ALL
