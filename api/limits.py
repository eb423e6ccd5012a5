"""How much a caller may ask: a rate and a number of requests at once, by key or person."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rag.errors import TooManyRequests

_WINDOW_SECONDS = 60.0
# Beyond so many names the one that was silent longest is forgotten: strangers cannot fill memory.
_MAX_NAMES = 10_000
_TURN_SECONDS = 1


class CallerLimits(Protocol):
    """Admits the requests of callers."""

    def admitted(self, name: str) -> AbstractContextManager[None]:
        """A request of `name`, from here to its end. Raises TooManyRequests."""
        ...

    def running(self) -> int:
        """How many requests are admitted and have not ended."""
        ...

    def refused(self, peer: str) -> None:
        """A failed authentication from this address. Raises TooManyRequests.

        A valid credential is never held up by it: behind one proxy all callers share an address,
        and one of them could lock out the others.
        """
        ...


class Rate:
    """At most `per_minute`, one or more, events of a name in any sixty seconds, in this process.

    The `limits` library starts a thread for its in-memory windows every ten milliseconds, which
    walks over all events: measured at 3 ms of each search under load.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._counting = threading.Lock()
        self._events: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, name: str) -> None:
        """Count one event, or raise TooManyRequests and count none."""
        with self._counting:
            now = self._clock()
            events = self._events.setdefault(name, deque())
            self._events.move_to_end(name)
            while events and events[0] <= now - _WINDOW_SECONDS:
                events.popleft()
            if len(events) >= self._per_minute:
                wait = max(1, math.ceil(events[0] + _WINDOW_SECONDS - now))
                raise TooManyRequests("more requests in a minute than are allowed", wait)
            events.append(now)
            while len(self._events) > _MAX_NAMES:
                self._events.popitem(last=False)


class Limits:
    """The limits of one process; `CallerLimits` describes the methods."""

    def __init__(self, *, per_minute: int, concurrent: int, refusals_per_minute: int) -> None:
        self._requests = Rate(per_minute)
        self._refusals = Rate(refusals_per_minute)
        self._concurrent = concurrent
        self._counting = threading.Lock()
        self._running: Counter[str] = Counter()

    @contextmanager
    def admitted(self, name: str) -> Iterator[None]:
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

    def running(self) -> int:
        with self._counting:
            return self._running.total()

    def refused(self, peer: str) -> None:
        self._refusals.count(peer)
