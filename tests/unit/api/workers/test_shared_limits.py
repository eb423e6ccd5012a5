"""Limits and used ids of a worker, also while what the workers share cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.limits import Limits
from api.workers.limits import SharedLimits
from api.workers.used_ids import SharedIds
from rag.adapters.shared_counts import SharedCounts
from rag.errors import StoreError, TooManyRequests


class Counts(SharedCounts):
    """The real counts, until the disk of their file is full."""

    is_full = False

    def admit(self, name: str, *, per_minute: int, concurrent: int) -> int:
        self._check_disk()
        return super().admit(name, per_minute=per_minute, concurrent=concurrent)

    def release(self, request: int) -> None:
        self._check_disk()
        super().release(request)

    def count(self, name: str, *, per_minute: int) -> None:
        self._check_disk()
        super().count(name, per_minute=per_minute)

    def use(self, kind: str, identity: str, seconds: float) -> bool:
        self._check_disk()
        return super().use(kind, identity, seconds)

    def is_used(self, kind: str, identity: str) -> bool:
        self._check_disk()
        return super().is_used(kind, identity)

    def _check_disk(self) -> None:
        if self.is_full:
            raise StoreError("the disk is full")


@pytest.fixture
def counts(tmp_path: Path) -> Iterator[Counts]:
    with closing(Counts(tmp_path / "counts.db", "a")) as made:
        yield made


def limits(counts: SharedCounts, per_minute: int = 100) -> SharedLimits:
    numbers = {"per_minute": per_minute, "concurrent": 1, "refusals_per_minute": 1}
    return SharedLimits(counts, Limits(**numbers), **numbers)


def test_a_request_holds_its_place_in_every_worker_until_it_ends(counts: Counts) -> None:
    first, second = limits(counts), limits(counts)
    with first.admitted("a"):
        assert second.running() == 1
        with pytest.raises(TooManyRequests), second.admitted("a"):
            pytest.fail("a second request was admitted")
    with second.admitted("a"):
        pass


def test_refusals_are_counted_over_workers_and_apart_from_requests(counts: Counts) -> None:
    limits(counts).refused("10.0.0.1")
    with pytest.raises(TooManyRequests):
        limits(counts).refused("10.0.0.1")
    with limits(counts, per_minute=1).admitted("10.0.0.1"):
        pass


def test_each_worker_limits_by_itself_while_the_disk_is_full(counts: Counts) -> None:
    worker = limits(counts, per_minute=1)
    counts.is_full = True
    with worker.admitted("a"):
        pass
    with pytest.raises(TooManyRequests), worker.admitted("a"):
        pytest.fail("a second request was admitted")
    worker.refused("10.0.0.1")
    with pytest.raises(TooManyRequests):
        worker.refused("10.0.0.1")


def test_a_place_that_could_not_be_given_back_is_given_back_later(counts: Counts) -> None:
    worker = limits(counts)
    with worker.admitted("a"):
        counts.is_full = True
    counts.is_full = False
    assert counts.running() == 1
    with worker.admitted("a"):
        pass


def test_ids_are_used_once_over_workers(counts: Counts) -> None:
    first, second = SharedIds(counts, "session", 60), SharedIds(counts, "session", 60)
    assert "1" not in second
    assert first.use("1")
    assert "1" in second
    assert not second.use("1")


def test_every_id_is_refused_while_it_is_not_known_which_were_used(counts: Counts) -> None:
    ids = SharedIds(counts, "session", 60)
    counts.is_full = True
    assert "1" in ids
    assert not ids.use("1")
