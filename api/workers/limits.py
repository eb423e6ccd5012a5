"""Limits of callers that hold over all workers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from api.limits import CallerLimits
from rag.errors import StoreError

# Names of keys and people hold no control characters: none is counted with the addresses.
_REFUSED = "\x00refused "

log = logging.getLogger(__name__)


class RequestCounts(Protocol):
    """Counts that all workers share. Its methods raise StoreError."""

    def admit(self, name: str, *, per_minute: int, concurrent: int) -> int:
        """Count a request that begins; returns its number. Raises TooManyRequests."""
        ...

    def release(self, request: int) -> None: ...

    def count(self, name: str, *, per_minute: int) -> None:
        """Count one event. Raises TooManyRequests."""
        ...

    def running(self) -> int: ...


class SharedLimits:
    """`CallerLimits` over all workers.

    While the shared counts cannot be written, as on a full disk, `local` limits each worker.
    """

    def __init__(
        self,
        counts: RequestCounts,
        local: CallerLimits,
        *,
        per_minute: int,
        concurrent: int,
        refusals_per_minute: int,
    ) -> None:
        self._counts = counts
        self._local = local
        self._per_minute = per_minute
        self._concurrent = concurrent
        self._refusals_per_minute = refusals_per_minute
        self._lock = threading.Lock()
        self._unreleased: list[int] = []

    @contextmanager
    def admitted(self, name: str) -> Iterator[None]:
        request = self._admit(name)
        if request is None:
            with self._local.admitted(name):
                yield
            return
        try:
            yield
        finally:
            self._release(request)

    def running(self) -> int:
        return self._counts.running()

    def refused(self, peer: str) -> None:
        try:
            self._counts.count(_REFUSED + peer, per_minute=self._refusals_per_minute)
        except StoreError as error:
            self._report(error)
            self._local.refused(peer)

    def _admit(self, name: str) -> int | None:
        """The number of the request; None if it cannot be counted for all workers."""
        try:
            self._release_again()
            return self._counts.admit(
                name, per_minute=self._per_minute, concurrent=self._concurrent
            )
        except StoreError as error:
            self._report(error)
            return None

    def _release(self, request: int) -> None:
        try:
            self._counts.release(request)
        except StoreError as error:
            self._report(error)
            with self._lock:
                self._unreleased.append(request)

    def _release_again(self) -> None:
        with self._lock:
            while self._unreleased:
                self._counts.release(self._unreleased[-1])
                self._unreleased.pop()

    def _report(self, error: StoreError) -> None:
        log.error("limits count for each worker by itself", exc_info=error)
