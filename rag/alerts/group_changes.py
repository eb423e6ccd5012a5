"""What is new in a group of alerts since its readers were last notified of it.

A group is worth a message when it begins to fire, when another service or another alert joins it,
and when all of it is resolved; not when an alert is repeated or its number grows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rag.alerts.storms import AlertGroup


class GroupChange(StrEnum):
    """Why a group is worth a message."""

    FIRING = "firing"
    NEW_SERVICE = "new_service"
    NEW_ALERT = "new_alert"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class GroupState:
    """What readers were notified of: names and services as hashes, since it is stored."""

    firing: bool
    names: frozenset[str]
    services: frozenset[str]


def state_of(group: AlertGroup, before: GroupState | None) -> GroupState:
    """The state after a message about a group; what was known of it while it fired is kept."""
    known = before if before and before.firing else GroupState(True, frozenset(), frozenset())
    return GroupState(
        firing=group.firing > 0,
        names=known.names | _hashes(group.names),
        services=known.services | _hashes(group.services),
    )


def change_of(group: AlertGroup, before: GroupState | None) -> GroupChange | None:
    """The reason for a message, None where there is none."""
    was_firing = before is not None and before.firing
    if not group.firing:
        return GroupChange.RESOLVED if was_firing else None
    if before is None or not was_firing:
        return GroupChange.FIRING
    if _hashes(group.names) - before.names:
        return GroupChange.NEW_ALERT
    return GroupChange.NEW_SERVICE if _hashes(group.services) - before.services else None


def _hashes(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts)
