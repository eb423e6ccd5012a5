"""A worker's end of the pipe to the owner of the index."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing.connection import Pipe

import pytest

from api.workers.messages import (
    AlertsReceived,
    AllWarm,
    IndexOpened,
    JobQueued,
    Stop,
    Warmed,
    portable,
)
from api.workers.owner_link import OwnerLink
from rag.alerts.alert import Alert
from rag.domain.access import Principal
from rag.errors import Cancelled, IndexMissing, QuarantineError, RunbookError
from tests.http_bench import wait_until

SENDER = Principal("key:1", frozenset({"team:payments"}))


class Worker:
    """A link, with the owner's end of its pipe and what it was asked."""

    def __init__(self) -> None:
        self.owner, theirs = Pipe()
        self.stops: list[Stop] = []
        self.is_alone = threading.Event()
        self.link = OwnerLink(theirs, self.stops.append, self.is_alone.set)
        self.link.start()

    def received(self) -> object:
        assert self.owner.poll(10)
        return self.owner.recv()


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.owner.close()


def test_it_waits_for_the_index_and_then_for_the_others(worker: Worker) -> None:
    steps: list[str] = []

    def warm() -> None:
        worker.link.wait_for_index()
        steps.append("index")
        worker.link.report_warmed()
        worker.link.wait_for_others()
        steps.append("ready")

    thread = threading.Thread(target=warm)
    thread.start()
    assert steps == []
    worker.owner.send(IndexOpened())
    assert worker.received() == Warmed()
    assert steps == ["index"]
    worker.owner.send(AllWarm())
    thread.join(10)
    assert steps == ["index", "ready"]


def test_it_raises_why_the_index_cannot_be_served(worker: Worker) -> None:
    worker.owner.send(IndexOpened(portable(IndexMissing("nothing is indexed"))))
    with pytest.raises(IndexMissing, match="nothing is indexed"):
        worker.link.wait_for_index()


def test_what_waits_is_cancelled_when_the_worker_stops(worker: Worker) -> None:
    worker.link.cancel()
    with pytest.raises(Cancelled):
        worker.link.wait_for_index()
    with pytest.raises(Cancelled):
        worker.link.wait_for_others()


def test_jobs_and_alerts_reach_the_owner_whole(worker: Worker) -> None:
    worker.link.wake()
    assert worker.received() == JobQueued()
    alerts = [Alert("DiskFull", {"service": "db"})]
    worker.link.notify(SENDER, alerts)
    assert worker.received() == AlertsReceived(SENDER, tuple(alerts))


def test_it_is_asked_to_stop_and_learns_that_its_owner_has_ended(worker: Worker) -> None:
    worker.owner.send(Stop(drains=True))
    wait_until(lambda: worker.stops == [Stop(drains=True)])
    assert not worker.is_alone.is_set()
    worker.owner.close()
    assert worker.is_alone.wait(10)
    worker.link.wake()  # to nobody, without an error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("a document's text"), "ValueError"),
        (IndexMissing("nothing is indexed"), "nothing is indexed"),
        (QuarantineError("bad", 3), "bad"),
    ],
)
def test_errors_are_passed_on_without_foreign_messages(error: Exception, expected: str) -> None:
    ours, theirs = Pipe()
    with ours, theirs:
        ours.send(portable(error))
        arrived = theirs.recv()
    assert isinstance(arrived, RunbookError)
    assert expected in str(arrived)
    assert "text" not in str(arrived)
