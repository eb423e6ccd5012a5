"""Alerts that wait for a receiver: bounded, and the newest state of each."""

from __future__ import annotations

import threading
from unittest.mock import patch

import api.notifications.pending
from api.notifications.pending import PendingAlerts
from rag.alerts.alert import Alert, AlertStatus


def test_the_newest_state_of_each_alert_waits() -> None:
    pending = PendingAlerts()
    resolved = Alert("A", status=AlertStatus.RESOLVED)
    assert pending.add([Alert("A"), Alert("B"), resolved]) == 0
    assert pending.take(0) == [resolved, Alert("B")]


def test_alerts_beyond_the_limit_are_dropped_and_counted() -> None:
    pending = PendingAlerts()
    with patch.object(api.notifications.pending, "MAX_PENDING", 2):
        assert pending.add([Alert(name) for name in "ABCD"]) == 2
        assert pending.add([Alert("A")]) == 0
    assert pending.take(0) == [Alert("A"), Alert("B")]


def test_closing_wakes_a_worker_that_waits() -> None:
    pending = PendingAlerts()
    taken: list[object] = []
    worker = threading.Thread(target=lambda: taken.append(pending.take(60)))
    worker.start()
    pending.close()
    worker.join(30)
    assert taken == [None]
