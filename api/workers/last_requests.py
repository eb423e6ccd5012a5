"""The newest request of each principal, whichever worker answered it."""

from __future__ import annotations

import logging
from typing import Protocol

from pydantic import TypeAdapter

from api.records.last_requests import OPENED_WITHIN, LastRequest
from rag.errors import StoreError

_KIND = "last request"
_REQUEST = TypeAdapter(LastRequest)

log = logging.getLogger(__name__)


class TextStore(Protocol):
    """Short texts that all workers share. Its methods raise StoreError."""

    def put(self, kind: str, identity: str, text: str, seconds: float) -> None: ...

    def get(self, kind: str, identity: str) -> str | None: ...

    def remove(self, kind: str, identity: str, text: str) -> bool:
        """Whether the entry still had this text, and is gone now."""
        ...


class SharedLastRequests:
    """While the store cannot be used, opened documents count for no request."""

    def __init__(self, store: TextStore) -> None:
        self._store = store

    def note(self, principal: str, request: LastRequest) -> None:
        text = _REQUEST.dump_json(request).decode()
        try:
            self._store.put(_KIND, principal, text, OPENED_WITHIN.total_seconds())
        except StoreError as error:
            self._report(error)

    def take(self, principal: str, document_id: str) -> LastRequest | None:
        try:
            text = self._store.get(_KIND, principal)
            if text is None:
                return None
            last = _REQUEST.validate_json(text)
            shown = document_id in last.documents
            return last if shown and self._store.remove(_KIND, principal, text) else None
        except StoreError as error:
            self._report(error)
            return None

    def _report(self, error: StoreError) -> None:
        log.error("which documents are opened is not known to other workers", exc_info=error)
