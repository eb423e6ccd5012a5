"""The newest request of each principal, for which the document that is opened next counts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

from rag.domain.feedback import Asked

# A document that is opened later than this counts for no request.
OPENED_WITHIN = timedelta(minutes=30)
_MAX_PRINCIPALS = 10_000


@dataclass(frozen=True, slots=True)
class LastRequest:
    """A request, and the documents of its hits in their order."""

    id: str
    at: datetime
    documents: tuple[str, ...]

    @classmethod
    def of(cls, asked: Asked) -> Self:
        return cls(asked.id, asked.at, tuple(one.document_id for one in asked.shown))


class LastRequests(Protocol):
    """Safe to share between threads."""

    def note(self, principal: str, request: LastRequest) -> None:
        """This is now the newest request of the principal."""
        ...

    def take(self, principal: str, document_id: str) -> LastRequest | None:
        """The newest request if it showed the document; only the first document counts, so that
        the request is returned once."""
        ...


class LocalLastRequests:
    """The newest requests that this process has answered."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, LastRequest] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, principal: str, request: LastRequest) -> None:
        with self._lock:
            self._last[principal] = request
            self._last.move_to_end(principal)
            if len(self._last) > _MAX_PRINCIPALS:
                self._last.popitem(last=False)

    def take(self, principal: str, document_id: str) -> LastRequest | None:
        with self._lock:
            last = self._last.get(principal)
            if last is None or document_id not in last.documents:
                return None
            return self._last.pop(principal)
