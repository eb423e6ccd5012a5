"""The first run goes on until there is something to serve, or until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from api.index.first_run import FirstRun
from ingest.runs.report import IngestReport, Progress
from rag.errors import Cancelled, StoreError

Step = Callable[[Progress], IngestReport]


class NoWaiting(threading.Event):
    """Keeps how long it was waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


class Scenario:
    """A first run over these steps, one an attempt."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.stop = NoWaiting()
        self.failures = 0

    def run(self) -> IngestReport:
        return FirstRun(self._index, self._failed, self.stop).run()

    def _index(self, progress: Progress) -> IngestReport:
        return self._steps.pop(0)(progress)

    def _failed(self) -> None:
        self.failures += 1


def fails(_: Progress) -> IngestReport:
    raise StoreError("the disk is full")


def test_it_tries_again_ever_more_rarely_until_a_run_succeeds() -> None:
    done = IngestReport(added=1, chunks=1)
    scenario = Scenario(*[fails] * 8, lambda _: done)
    assert scenario.run() is done
    assert scenario.stop.waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert scenario.failures == 8


def test_a_source_that_is_away_does_not_keep_the_others_from_being_served() -> None:
    partly = IngestReport(added=1, chunks=3, unreachable=("b: not mounted",))
    scenario = Scenario(lambda _: partly)
    assert scenario.run() is partly
    assert scenario.failures == 1


def test_nothing_is_served_before_a_source_can_be_reached() -> None:
    away, empty = IngestReport(unreachable=("a: not mounted",)), IngestReport()
    assert Scenario(lambda _: away, lambda _: empty).run() is empty


def test_it_ends_when_it_is_stopped_between_attempts_or_within_one() -> None:
    waiting = Scenario(fails)
    waiting.stop.set()
    with pytest.raises(Cancelled):
        waiting.run()

    def reads(progress: Progress) -> IngestReport:
        progress.found(2)
        running.stop.set()
        progress.done(1, 1)
        raise AssertionError("it goes on")

    running = Scenario(reads)
    with pytest.raises(Cancelled):
        running.run()
