"""Callers, what they may do, and the API keys that identify them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Right(StrEnum):
    """What a caller may do; `admin` includes the others and reads every document."""

    SEARCH = "search"
    INDEX = "index"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller with its groups. Without groups it may read nothing.

    A principal that is not `authenticated` does not count as `public`, unless `public` is among
    its groups.
    """

    name: str
    groups: frozenset[str] = frozenset()
    administrator: bool = False
    rights: frozenset[str] = frozenset()
    authenticated: bool = True


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new API key. `key` is the secret itself; it is not stored and cannot be read again."""

    id: str
    key: str


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """An API key without its secret. Times are aware (UTC)."""

    id: str
    name: str
    groups: frozenset[str]
    rights: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
