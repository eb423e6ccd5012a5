"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller with its groups. No groups means it may read nothing.

    One that is not `authenticated` is no member of `public`, unless it was given that by name.
    """

    name: str
    groups: frozenset[str] = frozenset()
    administrator: bool = False
    rights: frozenset[str] = frozenset()
    authenticated: bool = True
