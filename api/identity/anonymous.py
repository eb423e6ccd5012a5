"""A caller without any credential, where the configuration names what it may read."""

from __future__ import annotations

from api.identity.port import Presented
from rag.domain.access import Principal

ANONYMOUS = "anonymous"


class Anonymous:
    """Answers for whoever shows nothing; it may search and do nothing else."""

    def __init__(self, groups: frozenset[str]) -> None:
        self._principal = Principal(
            ANONYMOUS, groups, rights=frozenset({"search"}), authenticated=False
        )

    def recognises(self, presented: Presented) -> bool:
        return not presented.all("authorization")

    def authenticate(self, presented: Presented) -> Principal:  # noqa: ARG002 - the port's signature
        return self._principal
