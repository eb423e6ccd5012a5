"""How much a caller may ask: a rate and a number of requests at once, by key or person."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from rag.errors import TooManyRequests

# The library forgets no name that it has ever counted; past so many of them all counts begin anew.
_MOST_NAMES = 10_000
_TURN_SECONDS = 1


class Rate:
    """At most `per_minute` events of a name in any sixty seconds, counted in this process."""

    def __init__(self, per_minute: int) -> None:
        from limits import RateLimitItemPerMinute
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self._item = RateLimitItemPerMinute(per_minute)
        self._storage = MemoryStorage()
        self._window = MovingWindowRateLimiter(self._storage)

    def count(self, name: str) -> None:
        """Count one event, or raise TooManyRequests and count none."""
        if len(self._storage.events) >= _MOST_NAMES:
            self._storage.reset()
        if not self._window.hit(self._item, name):
            reset = self._window.get_window_stats(self._item, name).reset_time
            wait = max(1, math.ceil(reset - time.time()))
            raise TooManyRequests("more requests in a minute than are allowed", wait)


class Limits:
    """The limits of one process."""

    def __init__(self, *, per_minute: int, concurrent: int, refusals_per_minute: int) -> None:
        self._per_minute = per_minute
        self._refusals_per_minute = refusals_per_minute
        self._concurrent = concurrent
        self._counting = threading.Lock()
        self._running: Counter[str] = Counter()

    # Made at their first use: a command that answers nobody needs no library for them.
    @cached_property
    def _requests(self) -> Rate:
        return Rate(self._per_minute)

    @cached_property
    def _refusals(self) -> Rate:
        return Rate(self._refusals_per_minute)

    @contextmanager
    def admitted(self, name: str) -> Iterator[None]:
        """A request of `name`, from here to its end. Raises TooManyRequests."""
        self._requests.count(name)
        with self._counting:
            if self._running[name] >= self._concurrent:
                raise TooManyRequests("more requests at once than are allowed", _TURN_SECONDS)
            self._running[name] += 1
        try:
            yield
        finally:
            with self._counting:
                self._running[name] -= 1
                if not self._running[name]:
                    del self._running[name]

    def refused(self, peer: str) -> None:
        """A failed authentication from this address. Raises TooManyRequests.

        A valid credential is never held up by it: behind one proxy all callers share an address,
        and one of them could lock out the others.
        """
        self._refusals.count(peer)
