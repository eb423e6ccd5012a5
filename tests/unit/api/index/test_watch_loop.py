"""The loop that keeps an index up to date: it ends when it is told to, and for nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from api.index import watching
from api.index.watching import Watch
from ingest.runs.report import IngestReport
from ingest.sources.source import Source
from ingest.sources.watching import Changes, Debounce
from rag.errors import StoreError

A, B = Source("a", Path("/a")), Source("b", Path("/b"))
Step = Callable[[], IngestReport]


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_FIRST_WAIT", 0.01)


class Index:
    """Goes through its steps, one a run, and stops the loop after the last."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.changes = Changes(Debounce(quiet=0.001, longest=0.01))
        self.stop = threading.Event()
        self.runs: list[tuple[bool, set[str]]] = []
        self.failures = 0

    def __call__(self, sources: Sequence[Source], *, whole: bool, settle: float) -> IngestReport:
        self.runs.append((whole, {source.name for source in sources}))
        step = self._steps.pop(0)
        if not self._steps:
            self.stop.set()
        return step()

    def failed(self) -> None:
        self.failures += 1

    def run(self) -> list[IngestReport]:
        found: list[IngestReport] = []
        Watch(self, [A, B], self.changes, 3600, self.stop, self.failed).run(found.append)
        return found


def fine() -> IngestReport:
    return IngestReport()


def test_an_error_nobody_thought_of_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> IngestReport:
        raise AssertionError("unknown declaration")

    index = Index(broken, broken, fine)
    assert index.run() == [IngestReport()]
    assert index.failures == 2
    assert [whole for whole, _ in index.runs] == [True, True, True]
    assert "Traceback" in caplog.text


def test_what_failed_is_tried_again_with_what_changed_since() -> None:
    def first() -> IngestReport:
        index.changes.add("a", "x.md")
        return IngestReport()

    def failing() -> IngestReport:
        index.changes.add("b", "y.md")
        raise StoreError("the disk is full")

    index = Index(first, failing, fine)
    assert len(index.run()) == 2
    assert index.runs == [(True, {"a", "b"}), (False, {"a"}), (False, {"a", "b"})]
    assert index.failures == 1


def test_a_source_that_is_not_reached_counts_as_a_failure_and_is_reported() -> None:
    away = IngestReport(unreachable=("a: not a folder",))
    index = Index(lambda: away)
    assert index.run() == [away]
    assert index.failures == 1
