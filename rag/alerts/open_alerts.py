"""The alerts that each caller has sent, so that a storm in pieces is one storm.

A caller sees what it sent itself, under the groups that it has, and nothing of others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.alerts.storms import PlacedAlert
from rag.domain.access import Principal


class OpenAlerts(Protocol):
    """Alerts by caller; safe to share between threads."""

    def update(self, principal: Principal, placed: Sequence[PlacedAlert]) -> list[PlacedAlert]:
        """Keep these, the newest state of each; returns all of the groups that they belong to.

        When every alert of a group was resolved, a new one begins it anew.
        """
        ...


class OnePayload:
    """Keeps nothing, for a command that groups one payload: the newest state of each alert."""

    def update(self, principal: Principal, placed: Sequence[PlacedAlert]) -> list[PlacedAlert]:  # noqa: ARG002 - the port's signature
        return list({one.alert.identity: one for one in placed}.values())
