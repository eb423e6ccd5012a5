"""Open alerts are kept for each caller: one storm whatever the pieces, and after a restart."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

import rag.adapters.alert_store
from rag.adapters.alert_store import AlertStore
from rag.alerts.alert import Alert, AlertStatus
from rag.alerts.storms import PlacedAlert, in_groups
from rag.domain.access import Principal

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
ME = Principal("me", frozenset({"team:a"}))
Opened = Callable[[datetime], AlertStore]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the same file, at a time, as a process that starts does."""
    stores: list[AlertStore] = []

    def open_at(now: datetime) -> AlertStore:
        stores.append(AlertStore.open(tmp_path / "state" / "alerts.db", lambda: now))
        return stores[-1]

    yield open_at
    for store in stores:
        store.close()


def placed(number: int, base: str = "runbook:a", minute: float = 0) -> PlacedAlert:
    labels = {"alertname": "A", "service": f"s{number % 7}", "pod": f"p-{number}"}
    at = START + timedelta(minutes=minute)
    return PlacedAlert(Alert("A", labels, starts_at=at), base, base.startswith("none:"))


def resolved(one: PlacedAlert) -> PlacedAlert:
    return replace(one, alert=replace(one.alert, status=AlertStatus.RESOLVED))


def grouped(found: list[PlacedAlert]) -> dict[str, set[str]]:
    return {key: {one.identity for one in alerts} for key, _, alerts in in_groups(found)}


def test_pieces_in_any_order_give_the_same_groups(opened: Opened) -> None:
    storm = [placed(n, f"runbook:{n % 2}") for n in range(300)]
    storm += [placed(n, "none:c", 0 if n < 350 else 120) for n in range(300, 400)]
    store = opened(START)
    for seed in range(3):
        caller = Principal(f"caller {seed}", ME.groups)
        pieces = list(storm)
        random.Random(seed).shuffle(pieces)
        for start in range(0, len(pieces), 130):
            store.update(caller, pieces[start : start + 130])
        assert grouped(store.update(caller, pieces)) == grouped(storm)


def test_a_restart_forgets_nothing(opened: Opened) -> None:
    before = placed(1)
    opened(START).update(ME, [before])
    assert grouped(opened(START).update(ME, [placed(2)])) == grouped([before, placed(2)])


def test_what_is_sent_again_counts_once_and_its_newest_state_holds(opened: Opened) -> None:
    store = opened(START)
    store.update(ME, [placed(1), placed(2)])
    found = store.update(ME, [resolved(placed(1))])
    assert sorted(one.alert.status for one in found) == ["firing", "resolved"]


def test_a_closed_group_begins_anew(opened: Opened) -> None:
    store = opened(START)
    store.update(ME, [placed(1)])
    store.update(ME, [resolved(placed(1))])
    again = placed(2, minute=90)
    assert store.update(ME, [again]) == [again]


def test_callers_see_their_own_alerts_alone(opened: Opened) -> None:
    store = opened(START)
    store.update(ME, [placed(1)])
    for other in (
        Principal("other", ME.groups),
        Principal("me", frozenset({"team:b"})),
        Principal("me", ME.groups, administrator=True),
    ):
        assert store.update(other, [placed(2)]) == [placed(2)]


def test_alerts_are_forgotten_after_a_day(opened: Opened) -> None:
    opened(START).update(ME, [placed(1)])
    later = START + timedelta(hours=25)
    assert opened(later).update(ME, [placed(2)]) == [placed(2)]


@pytest.mark.parametrize(("limit", "value"), [("MAX_ALERTS", 3), ("MAX_BYTES", 600)])
def test_beyond_a_limit_the_alerts_sent_least_recently_are_forgotten(
    opened: Opened, limit: str, value: int
) -> None:
    with patch.object(rag.adapters.alert_store, limit, value):
        for number in range(10):
            found = opened(START + timedelta(minutes=number)).update(ME, [placed(number)])
    assert 1 < len(found) < 5
    assert placed(9) in found
    assert placed(0) not in found


def test_a_damaged_file_leaves_a_payload_grouped_by_itself(opened: Opened, tmp_path: Path) -> None:
    store = opened(START)
    store.update(ME, [placed(1)])
    store.close()
    for file in (tmp_path / "state").iterdir():
        file.write_bytes(b"no database" * 500)
    assert store.update(ME, [placed(2)]) == [placed(2)]
