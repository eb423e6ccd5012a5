"""API keys of the catalog, as bearer tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from api.identity.port import Presented
from rag.domain.access import Principal
from rag.errors import AuthenticationError

_PREFIX = "rbk_"


class KeyVerifier(Protocol):
    """Resolves an API key to its principal."""

    def authenticate(self, key: str, now: datetime) -> Principal:
        """The key's principal. Raises AuthenticationError if it is not valid at `now` (aware)."""
        ...


class ApiKeys:
    """Authenticates API keys without caching, so a revocation is effective from its commit on."""

    def __init__(self, keys: KeyVerifier) -> None:
        self._keys = keys

    def matches(self, presented: Presented) -> bool:
        token = presented.bearer()
        return token is not None and token.startswith(_PREFIX)

    def authenticate(self, presented: Presented) -> Principal:
        token = presented.bearer()
        if token is None:
            raise AuthenticationError("send an API key")
        return self._keys.authenticate(token, datetime.now(UTC))
