"""Counts that several processes share: here two that have the same file open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.adapters.shared_counts import SharedCounts
from rag.errors import StoreError, TooManyRequests

NO_LIMIT = 1000


class Clock:
    """A time in seconds that the test sets."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def processes(tmp_path: Path, clock: Clock) -> Iterator[tuple[SharedCounts, SharedCounts]]:
    path = tmp_path / "counts.db"
    with (
        closing(SharedCounts(path, "a", clock)) as first,
        closing(SharedCounts(path, "b", clock)) as second,
    ):
        yield first, second


def test_a_rate_holds_over_processes_and_says_how_long_to_wait(
    processes: tuple[SharedCounts, SharedCounts], clock: Clock
) -> None:
    for number in range(3):
        processes[number % 2].count("a", per_minute=3)
        clock.now += 10
    for process in processes:
        with pytest.raises(TooManyRequests) as refused:
            process.count("a", per_minute=3)
        assert refused.value.retry_after == 30
    processes[0].count("b", per_minute=3)
    clock.now += refused.value.retry_after
    processes[1].count("a", per_minute=3)
    with pytest.raises(TooManyRequests):
        processes[0].count("a", per_minute=3)


def test_concurrent_requests_are_counted_over_processes_until_they_end(
    processes: tuple[SharedCounts, SharedCounts],
) -> None:
    first, second = processes
    request = first.admit("a", per_minute=NO_LIMIT, concurrent=2)
    second.admit("a", per_minute=NO_LIMIT, concurrent=2)
    for process in processes:
        with pytest.raises(TooManyRequests):
            process.admit("a", per_minute=NO_LIMIT, concurrent=2)
    second.admit("b", per_minute=NO_LIMIT, concurrent=2)
    assert first.running() == 3
    second.release(request)
    first.admit("a", per_minute=NO_LIMIT, concurrent=2)


def test_requests_of_a_process_that_died_run_no_longer(
    processes: tuple[SharedCounts, SharedCounts],
) -> None:
    first, second = processes
    first.admit("a", per_minute=NO_LIMIT, concurrent=1)
    second.admit("b", per_minute=NO_LIMIT, concurrent=1)
    second.forget("a")
    assert second.running() == 1
    second.admit("a", per_minute=NO_LIMIT, concurrent=1)


def test_an_id_is_used_once_over_processes_until_it_has_expired(
    processes: tuple[SharedCounts, SharedCounts], clock: Clock
) -> None:
    first, second = processes
    assert not second.is_used("session", "1")
    assert first.use("session", "1", 60)
    assert not second.use("session", "1", 60)
    assert second.is_used("session", "1")
    assert not second.is_used("attempt", "1")
    clock.now += 61
    assert second.use("session", "1", 60)


def test_old_events_take_no_space(
    processes: tuple[SharedCounts, SharedCounts], clock: Clock, tmp_path: Path
) -> None:
    import sqlite3

    for number in range(50):
        processes[0].count(f"address {number}", per_minute=1)
    clock.now += 61
    processes[1].count("address", per_minute=1)
    with closing(sqlite3.connect(tmp_path / "counts.db")) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "counts.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"counts\.db cannot be read or written"):
        SharedCounts(tmp_path / "counts.db", "a")
