"""A group is worth a message when something is new in it, and not when it repeats itself."""

from __future__ import annotations

from collections.abc import Sequence

from rag.alerts.alert import Alert, AlertStatus
from rag.alerts.group_changes import GroupChange, GroupState, change_of, state_of
from rag.alerts.matching import AlertMatch
from rag.alerts.storms import AlertGroup


def alert(name: str = "A", service: str = "checkout", pod: int = 0, firing: bool = True) -> Alert:
    status = AlertStatus.FIRING if firing else AlertStatus.RESOLVED
    return Alert(name, {"service": service, "pod": str(pod)}, status=status)


def changes(*states: Sequence[Alert]) -> list[GroupChange | None]:
    """The reason for a message at each state of one group, each message being sent."""
    before: GroupState | None = None
    found: list[GroupChange | None] = []
    for alerts in states:
        group = AlertGroup("k", tuple(alerts), AlertMatch(None))
        found.append(change_of(group, before))
        if found[-1]:
            before = state_of(group, before)
    return found


def test_more_of_the_same_is_no_change() -> None:
    first = [alert(pod=1)]
    more = [alert(pod=number) for number in range(50)]
    assert changes(first, more, first) == [GroupChange.FIRING, None, None]


def test_another_service_and_another_alert_are_changes_once() -> None:
    first, second, third = alert(), alert(service="ledger"), alert("B")
    states = [[first], [first, second], [first, second, third], [first], [first, second]]
    expected = [GroupChange.FIRING, GroupChange.NEW_SERVICE, GroupChange.NEW_ALERT, None, None]
    assert changes(*states) == expected


def test_resolved_is_a_change_once_and_only_of_what_was_notified() -> None:
    resolved = [alert(firing=False)]
    assert changes(resolved, [alert()], resolved, resolved, [alert()]) == [
        None,
        GroupChange.FIRING,
        GroupChange.RESOLVED,
        None,
        GroupChange.FIRING,
    ]
