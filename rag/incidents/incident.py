"""An incident: what it is called, whose it is, and who may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rag.access.acl import access_filter
from rag.domain.access import Principal
from rag.incidents.facts import Facts

MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. Times are aware (UTC); `closed_at` is None while it is open.

    `acl` holds the tags of those who may see it. Without a tag only its opener and administrators
    may: the opener is known by name, and must still hold the groups held at the time. One without
    groups is an administrator, and no name gives access to what it opened.
    """

    id: str
    name: str
    opened_at: datetime
    opened_by: str
    opener_groups: frozenset[str]
    acl: frozenset[str]
    services: tuple[str, ...] = ()
    closed_at: datetime | None = None
    note: str = ""


def may_see(incident: Incident, principal: Principal) -> bool:
    """Whether a principal may see an incident, its inputs and everything made of them."""
    access = access_filter(principal)
    if access.nothing:
        return False
    is_opener = (
        principal.authenticated
        and principal.name == incident.opened_by
        and bool(incident.opener_groups)
        and incident.opener_groups <= principal.groups
    )
    return access.allows(incident.acl) or is_opener


class IncidentStore(Protocol):
    """Incidents as they are kept. Who may see one is decided above it."""

    def create(self, incident: Incident) -> None:
        """Keep a new incident. Raises StoreError."""
        ...

    def get(self, incident_id: str) -> Incident | None:
        """One incident; None where there is none."""
        ...

    def list(self) -> tuple[Incident, ...]:
        """Every incident, the newest first."""
        ...

    def facts(self, incident_id: str) -> Facts:
        """What is known of an incident."""
        ...

    def change_facts(self, incident_id: str, change: Callable[[Facts], Facts]) -> Facts:
        """Replace the facts, while no other process does; returns the new ones.

        Raises InvalidPayload if they are too large.
        """
        ...

    def replace(self, incident: Incident) -> None:
        """Keep the new state of an incident."""
        ...
