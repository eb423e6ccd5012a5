"""Storms of alerts as few groups, whatever the pieces and the order in which they come."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rag.alerts.alert import Alert, AlertStatus
from rag.alerts.open_alerts import OpenAlerts
from rag.alerts.storms import PlacedAlert, in_groups
from rag.domain.access import Principal

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
ME = Principal("me", frozenset({"team:a"}))


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


def test_pieces_in_any_order_give_the_same_groups() -> None:
    whole = grouped(storm())
    for seed in range(5):
        pieces = storm()
        random.Random(seed).shuffle(pieces)
        kept = OpenAlerts(lambda: START)
        for start in range(0, len(pieces), 130):
            kept.update(ME, pieces[start : start + 130])
        assert grouped(kept.update(ME, pieces)) == whole


def test_what_is_sent_again_counts_once_and_its_newest_state_holds() -> None:
    kept = OpenAlerts(lambda: START)
    firing = PlacedAlert(alert(1), "runbook:a", False)
    kept.update(ME, [firing, PlacedAlert(alert(2), "runbook:a", False)])
    resolved = replace(firing, alert=replace(firing.alert, status=AlertStatus.RESOLVED))
    found = kept.update(ME, [resolved])
    assert sorted(one.alert.status for one in found) == ["firing", "resolved"]


def test_a_closed_group_begins_anew() -> None:
    kept = OpenAlerts(lambda: START)
    resolved = replace(alert(1), status=AlertStatus.RESOLVED)
    kept.update(ME, [PlacedAlert(alert(1), "runbook:a", False)])
    kept.update(ME, [PlacedAlert(resolved, "runbook:a", False)])
    again = PlacedAlert(alert(2, minute=90), "runbook:a", False)
    assert kept.update(ME, [again]) == [again]


def test_callers_see_their_own_alerts_alone() -> None:
    kept = OpenAlerts(lambda: START)
    kept.update(ME, [PlacedAlert(alert(1), "runbook:a", False)])
    mine = PlacedAlert(alert(2), "runbook:a", False)
    for other in (
        Principal("other", ME.groups),
        Principal("me", frozenset({"team:b"})),
        Principal("me", ME.groups, administrator=True),
    ):
        assert kept.update(other, [mine]) == [mine]


def test_alerts_are_forgotten_after_a_day() -> None:
    now = [START]
    kept = OpenAlerts(lambda: now[0])
    kept.update(ME, [PlacedAlert(alert(1), "runbook:a", False)])
    now[0] += timedelta(hours=25)
    later = PlacedAlert(alert(2), "runbook:a", False)
    assert kept.update(ME, [later]) == [later]
