"""Ids that count once: sessions that were signed out, sign-in attempts, signatures of requests."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

_MAX_IDS = 10_000


class UsedIds(Protocol):
    """Ids of one kind; safe to share between threads."""

    def __contains__(self, identity: str) -> bool: ...

    def use(self, identity: str) -> bool:
        """Remember this id. False if it was remembered already."""
        ...


# Makes what keeps the ids of a kind, each for so many seconds.
MakeUsedIds = Callable[[str, float], UsedIds]


class LocalIds:
    """The last ids that this process has used."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, identity: str) -> bool:
        return identity in self._used

    def use(self, identity: str) -> bool:
        with self._lock:
            is_new = identity not in self._used
            self._used[identity] = None
            while len(self._used) > _MAX_IDS:
                self._used.popitem(last=False)
            return is_new
