"""Storms of alerts as few groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rag.alerts.alert import Alert
from rag.alerts.storms import PlacedAlert, in_groups

START = datetime(2026, 1, 31, 9, tzinfo=UTC)


def alert(number: int, name: str = "A", service: str = "ledger", minute: float = 0) -> Alert:
    labels = {"alertname": name, "service": service, "pod": f"{service}-{number}"}
    return Alert(name, labels, starts_at=START + timedelta(minutes=minute))


def storm() -> list[PlacedAlert]:
    """A thousand alerts of three causes: two with a runbook, one without, in two waves."""
    found = [
        PlacedAlert(alert(n, "A", f"s{n % 7}", n % 60), "runbook:a", False) for n in range(500)
    ]
    found += [PlacedAlert(alert(n, f"B{n % 3}", "b"), "runbook:b", False) for n in range(300)]
    found += [
        PlacedAlert(alert(n, "C", "c", 0 if n < 100 else 120), "none:c", True) for n in range(200)
    ]
    return found


def grouped(placed: list[PlacedAlert]) -> dict[str, set[str]]:
    return {key: {one.identity for one in found} for key, _, found in in_groups(placed)}


def test_a_thousand_alerts_are_a_group_for_each_cause() -> None:
    groups = grouped(storm())
    assert {key: len(found) for key, found in groups.items()} == {
        "runbook:a": 500,
        "runbook:b": 300,
        "none:c": 100,
        "none:c#2": 100,
    }
