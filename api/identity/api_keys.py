"""API keys of the catalog, as bearer tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from api.identity.port import Presented
from rag.adapters.catalog.keys import KeyStore
from rag.domain.access import Principal
from rag.errors import AuthenticationError

_PREFIX = "rbk_"


class ApiKeys:
    """Nothing is remembered between two requests: a revocation counts from its commit on."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys

    def recognises(self, presented: Presented) -> bool:
        token = presented.bearer()
        return token is not None and token.startswith(_PREFIX)

    def authenticate(self, presented: Presented) -> Principal:
        token = presented.bearer()
        if token is None:
            raise AuthenticationError("send an API key")
        return self._keys.authenticate(token, datetime.now(UTC))
