"""The alerts that each caller has sent, so that a storm in pieces is one storm.

In memory, for one process: alerts are sent again as long as they fire. A caller sees what it sent
itself, under the groups that it has, and nothing of others.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rag.alerts.alert import AlertStatus
from rag.alerts.storms import PlacedAlert
from rag.domain.access import Principal

_MAX_CALLERS = 256
_MAX_ALERTS = 20_000  # of one caller; the one that was sent least recently is forgotten
_KEEP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Kept:
    placed: PlacedAlert
    at: datetime


_Alerts = OrderedDict[str, _Kept]  # by identity, the least recently sent first


class OpenAlerts:
    """Alerts by caller; safe to share between threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._callers: OrderedDict[object, _Alerts] = OrderedDict()

    def update(self, principal: Principal, placed: Sequence[PlacedAlert]) -> list[PlacedAlert]:
        """Keep these, the newest state of each; returns all of the groups that they belong to.

        When every alert of a group was resolved, a new one begins it anew.
        """
        with self._lock:
            alerts = self._alerts_of(principal)
            now = self._now()
            _forget_closed(alerts, placed)
            for one in placed:
                identity = one.alert.identity
                alerts[identity] = _Kept(one, now)
                alerts.move_to_end(identity)
            _prune(alerts, now)
            touched = {one.base for one in placed}
            return [kept.placed for kept in alerts.values() if kept.placed.base in touched]

    def _alerts_of(self, principal: Principal) -> _Alerts:
        caller = (principal.name, principal.groups, principal.administrator)
        alerts = self._callers.setdefault(caller, OrderedDict())
        self._callers.move_to_end(caller)
        while len(self._callers) > _MAX_CALLERS:
            self._callers.popitem(last=False)
        return alerts


def _forget_closed(alerts: _Alerts, placed: Sequence[PlacedAlert]) -> None:
    """Drop resolved alerts of groups that were closed, and in which something fires again."""
    fires_again = {one.base for one in placed if one.alert.status is AlertStatus.FIRING}
    still_open = {kept.placed.base for kept in alerts.values() if _fires(kept)}
    closed = [
        identity
        for identity, kept in alerts.items()
        if kept.placed.base in fires_again - still_open
    ]
    for identity in closed:
        del alerts[identity]


def _fires(kept: _Kept) -> bool:
    return kept.placed.alert.status is AlertStatus.FIRING


def _prune(alerts: _Alerts, now: datetime) -> None:
    while alerts:
        oldest = next(iter(alerts.values()))
        if len(alerts) <= _MAX_ALERTS and now - oldest.at <= _KEEP:
            return
        alerts.popitem(last=False)
