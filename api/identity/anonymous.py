"""Callers without credentials, if the configuration allows them."""

from __future__ import annotations

from api.identity.port import Presented
from rag.domain.access import Principal

ANONYMOUS = "anonymous"


class Anonymous:
    """Authenticates requests without credentials; such a principal can only search."""

    def __init__(self, groups: frozenset[str]) -> None:
        self._principal = Principal(
            ANONYMOUS, groups, rights=frozenset({"search"}), authenticated=False
        )

    def matches(self, presented: Presented) -> bool:
        return not presented.all("authorization")

    def authenticate(self, presented: Presented) -> Principal:  # noqa: ARG002 - the port's signature
        return self._principal
