"""From a payload of alerts to groups with their runbooks: the one way of every interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.alerts.alert import Alert
from rag.alerts.matching import AlertMatch, AlertMatcher
from rag.alerts.open_alerts import OpenAlerts
from rag.alerts.storms import AlertGroup, AlertPlacer, in_groups
from rag.domain.access import Principal
from rag.ports import DocumentReader

DEFAULT_RUNBOOKS = 3


@dataclass(frozen=True, slots=True)
class Triage:
    """The groups that a payload touches, the one with the earliest alert first.

    `unsearched` alerts differed in too many rules: no runbook was looked up for them.
    """

    groups: tuple[AlertGroup, ...]
    unsearched: int = 0


class AlertTriage:
    """Matches and groups alerts; remembers those of each caller while they are open."""

    def __init__(
        self, matcher: AlertMatcher, documents: DocumentReader, open_alerts: OpenAlerts
    ) -> None:
        self._matcher = matcher
        self._documents = documents
        self._placer = AlertPlacer(matcher, documents)
        self._open = open_alerts

    def with_memory(self, open_alerts: OpenAlerts) -> AlertTriage:
        """The same matcher with another memory, for alerts that are grouped for others."""
        return AlertTriage(self._matcher, self._documents, open_alerts)

    def find(self, alert: Alert, *, principal: Principal, k: int) -> AlertMatch:
        """The runbooks of one alert."""
        return self._matcher.find(alert, principal=principal, k=k)

    def triage(
        self, alerts: Sequence[Alert], *, principal: Principal, k: int = DEFAULT_RUNBOOKS
    ) -> Triage:
        """Group alerts together with those that this caller sent before.

        Each group has at most `k` hits, all of which `principal` may read.
        """
        placement = self._placer.place(alerts, principal=principal, k=k)
        members = self._open.update(principal, placement.placed)
        groups = []
        for key, base, inside in in_groups(members):
            match = placement.matches[base]
            groups.append(
                AlertGroup(key, inside, match, self._placer.first_check(match, principal))
            )
        return Triage(tuple(groups), placement.unsearched)
