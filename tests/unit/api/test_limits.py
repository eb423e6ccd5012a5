"""How much one caller may ask."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

import api.limits
from api.limits import Limits, Rate
from rag.errors import TooManyRequests


class Clock:
    """Says what it is told to, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_holds_in_any_minute_and_says_how_long_to_wait() -> None:
    clock = Clock()
    rate = Rate(3, clock)
    for _ in range(3):
        rate.count("a")
        clock.now += 10
    with pytest.raises(TooManyRequests) as refused:
        rate.count("a")
    assert refused.value.retry_after == 30
    rate.count("b")
    clock.now += refused.value.retry_after
    rate.count("a")
    with pytest.raises(TooManyRequests):
        rate.count("a")


def test_what_is_remembered_of_strangers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.limits, "_MAX_NAMES", 50)
    rate = Rate(1)
    for number in range(500):
        rate.count(f"peer {number}")
        assert len(rate._events) <= 50
    with pytest.raises(TooManyRequests):
        rate.count("peer 499")


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
