"""Ids that count once over all workers."""

from __future__ import annotations

import logging
from typing import Protocol

from api.used_ids import LocalIds
from rag.errors import StoreError

log = logging.getLogger(__name__)


class IdStore(Protocol):
    """Ids that all workers share. Its methods raise StoreError."""

    def use(self, kind: str, identity: str, seconds: float) -> bool: ...

    def is_used(self, kind: str, identity: str) -> bool: ...


class SharedIds:
    """Ids of one kind. While the store cannot be used, every id counts as used: it is refused."""

    def __init__(self, store: IdStore, kind: str, seconds: float) -> None:
        self._store = store
        self._kind = kind
        self._seconds = seconds
        self._local = LocalIds()

    def __contains__(self, identity: str) -> bool:
        if identity in self._local:
            return True
        try:
            return self._store.is_used(self._kind, identity)
        except StoreError as error:
            log.error("it is not known which ids were used: all are refused", exc_info=error)
            return True

    def use(self, identity: str) -> bool:
        if not self._local.use(identity):
            return False
        try:
            return self._store.use(self._kind, identity, self._seconds)
        except StoreError as error:
            log.error("an id is not known to other workers as used", exc_info=error)
            return False
