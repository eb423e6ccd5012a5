"""The alerts that wait for a receiver's worker: bounded, and one state for each alert."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from rag.alerts.alert import Alert

MAX_PENDING = 20_000


class PendingAlerts:
    """A mailbox between requests and one worker. Adding never waits for the worker."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._alerts: dict[str, Alert] = {}
        self._closed = False

    def add(self, alerts: Sequence[Alert]) -> int:
        """Keep the newest state of each; returns how many found no room and are dropped."""
        dropped = 0
        with self._condition:
            for alert in alerts:
                identity = alert.identity
                if identity not in self._alerts and len(self._alerts) >= MAX_PENDING:
                    dropped += 1
                    continue
                self._alerts[identity] = alert
            self._condition.notify()
        return dropped

    def take(self, collect_seconds: float) -> list[Alert] | None:
        """Wait for alerts, collect more for a while, and take all; None once it is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or bool(self._alerts))
            self._condition.wait_for(lambda: self._closed, collect_seconds)
            if self._closed:
                return None
            taken = list(self._alerts.values())
            self._alerts.clear()
            return taken

    def close(self) -> None:
        """Wake the worker for the last time; what still waits is not taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
