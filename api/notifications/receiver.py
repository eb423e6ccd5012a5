"""One receiver of summaries: a worker that groups alerts as its readers may see them, and posts.

Alerts are matched and grouped again under the receiver's own ACL tags. So neither a document that
its readers may not read, nor that such a document exists, shows in a message.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from api.notifications.delivery import Delivery
from api.notifications.messages import json_message, slack_message
from api.notifications.pending import PendingAlerts
from api.records.audit import AuditLog, By
from rag.alerts.alert import Alert
from rag.alerts.group_changes import GroupChange, GroupState, change_of, state_of
from rag.alerts.storms import AlertGroup
from rag.alerts.triage import Triage
from rag.domain.access import Principal
from rag.errors import DeliveryError

DOOR = "notification"
_HOUR_SECONDS = 3600.0
_STOP_SECONDS = 15.0

log = logging.getLogger(__name__)


class Grouping(Protocol):
    """Groups alerts for a principal."""

    def triage(self, alerts: Sequence[Alert], *, principal: Principal) -> Triage: ...


class GroupStates(Protocol):
    """What each receiver was last notified of."""

    def get(self, receiver: str, group_key: str) -> GroupState | None: ...

    def put(self, receiver: str, group_key: str, state: GroupState) -> None: ...


class NotificationMetrics(Protocol):
    """Counts of what became of messages and alerts."""

    def notified(self, outcome: Literal["sent", "failed", "limited"]) -> None: ...

    def notification_alerts_dropped(self, count: int) -> None: ...


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """`groups` gives the tags of its readers now, expanded; `senders` are names of principals."""

    name: str
    kind: Literal["slack", "json"]
    groups: Callable[[], frozenset[str]]
    senders: frozenset[str]
    wait_seconds: float = 10.0
    max_per_hour: int = 60


@dataclass(frozen=True, slots=True)
class ReceiverParts:
    """What a receiver works with."""

    grouping: Grouping
    states: GroupStates
    delivery: Delivery
    audit: AuditLog
    metrics: NotificationMetrics
    clock: Callable[[], float] = time.monotonic


class Receiver:
    """Runs in a thread of its own between `start` and `close`."""

    def __init__(self, settings: ReceiverSettings, parts: ReceiverParts) -> None:
        self._settings = settings
        self._parts = parts
        self._pending = PendingAlerts()
        self._sent_at: deque[float] = deque()
        self._worker = threading.Thread(
            target=self._work, name=f"notify-{settings.name}", daemon=True
        )

    def start(self) -> None:
        self._worker.start()

    def close(self) -> None:
        """End the worker; a message that is being posted is given up."""
        self._parts.delivery.stop()
        self._pending.close()
        self._worker.join(_STOP_SECONDS)

    def offer(self, sender: Principal, alerts: Sequence[Alert]) -> None:
        """Take alerts of a caller that is among the senders; never waits."""
        if not sender.authenticated or sender.name not in self._settings.senders:
            return
        if dropped := self._pending.add(alerts):
            self._parts.metrics.notification_alerts_dropped(dropped)

    def _work(self) -> None:
        while (alerts := self._pending.take(self._settings.wait_seconds)) is not None:
            try:
                self._notify(alerts)
            except Exception as error:  # nothing else would report an error of this thread
                self._parts.metrics.notified("failed")
                log.error("alerts were not notified to %s", self._settings.name, exc_info=error)

    def _notify(self, alerts: Sequence[Alert]) -> None:
        readers = Principal(f"{DOOR}:{self._settings.name}", self._settings.groups())
        for group in self._parts.grouping.triage(alerts, principal=readers).groups:
            before = self._parts.states.get(self._settings.name, group.key)
            change = change_of(group, before)
            if change is None:
                continue
            if not self._may_send():
                self._parts.metrics.notified("limited")
                log.warning("%s has had its messages of this hour", self._settings.name)
                return
            if self._send(group, change, readers):
                self._parts.states.put(self._settings.name, group.key, state_of(group, before))

    def _may_send(self) -> bool:
        now = self._parts.clock()
        while self._sent_at and now - self._sent_at[0] >= _HOUR_SECONDS:
            self._sent_at.popleft()
        return len(self._sent_at) < self._settings.max_per_hour

    def _send(self, group: AlertGroup, change: GroupChange, readers: Principal) -> bool:
        """Whether the message arrived; a failed one is tried again with the group's next alert."""
        message_id = _message_id(self._settings.name, group, change)
        if self._settings.kind == "slack":
            body = slack_message(group, change)
        else:
            body = json_message(self._settings.name, group, change, message_id)
        # Before it is sent: what went out is in the audit log even if the answer to it is lost.
        by = By(readers, DOOR, message_id)
        self._parts.audit.searched(by, group.first.question, group.match.hits)
        self._sent_at.append(self._parts.clock())
        try:
            self._parts.delivery.post(body)
        except DeliveryError as error:
            self._parts.metrics.notified("failed")
            log.error("%s: %s", self._settings.name, error)
            return False
        self._parts.metrics.notified("sent")
        return True


class Notifier:
    """All receivers of a service."""

    def __init__(self, receivers: Sequence[Receiver] = ()) -> None:
        self._receivers = receivers

    def start(self) -> None:
        for receiver in self._receivers:
            receiver.start()

    def close(self) -> None:
        for receiver in self._receivers:
            receiver.close()

    def offer(self, sender: Principal, alerts: Sequence[Alert]) -> None:
        """Take the alerts that a caller sent; never waits."""
        for receiver in self._receivers:
            receiver.offer(sender, alerts)


def _message_id(receiver: str, group: AlertGroup, change: GroupChange) -> str:
    """The same for the same message, so that a receiver can recognise one that is sent again."""
    parts = [receiver, group.key, change.value, str(group.span), *group.names, *group.services]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
