"""How much one caller may ask."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from limits.storage import memory

import api.limits
from api.limits import Limits, Rate
from rag.errors import TooManyRequests


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves time on for the library and for us."""
    now = [1_000_000.0]

    class Time:
        time = staticmethod(lambda: now[0])

    monkeypatch.setattr(memory, "time", Time)
    monkeypatch.setattr(api.limits, "time", Time)

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def test_a_rate_holds_in_any_minute_and_says_how_long_to_wait(
    clock: Callable[[float], None],
) -> None:
    rate = Rate(3)
    for _ in range(3):
        rate.count("a")
        clock(10)
    with pytest.raises(TooManyRequests) as refused:
        rate.count("a")
    assert refused.value.retry_after == 30
    rate.count("b")
    clock(refused.value.retry_after + 0.1)
    rate.count("a")
    with pytest.raises(TooManyRequests):
        rate.count("a")


def test_what_is_remembered_of_strangers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.limits, "_MOST_NAMES", 50)
    rate = Rate(1)
    for number in range(500):
        rate.count(f"peer {number}")
        assert len(rate._storage.events) <= 50


def test_callers_are_counted_apart_and_places_come_back() -> None:
    limits = Limits(per_minute=100, concurrent=2, refusals_per_minute=1)
    with ExitStack() as running:
        for _ in range(2):
            running.enter_context(limits.admitted("a"))
        with pytest.raises(TooManyRequests) as refused, limits.admitted("a"):
            pytest.fail("a third request was admitted")
        assert refused.value.retry_after == 1
        running.enter_context(limits.admitted("b"))
    with limits.admitted("a"), limits.admitted("a"):
        pass
    with pytest.raises(KeyError), limits.admitted("a"):
        raise KeyError
    assert not limits._running
