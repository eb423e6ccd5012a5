"""Who may see an incident."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rag.domain.access import Principal
from rag.incidents.incident import Incident, may_see

A, B = frozenset({"team:a"}), frozenset({"team:b"})


def incident(groups: frozenset[str], acl: frozenset[str] = frozenset()) -> Incident:
    return Incident("i", "I", datetime(2026, 3, 14, tzinfo=UTC), "key:1", groups, acl)


@pytest.mark.parametrize(
    ("opened", "principal", "seen"),
    [
        (incident(A), Principal("key:1", A), True),
        (incident(A), Principal("key:1", A | B), True),
        (incident(A), Principal("key:1", B), False),
        (incident(A), Principal("key:2", A), False),
        (incident(A), Principal("key:1", A, authenticated=False), False),
        (incident(A), Principal("key:2", administrator=True), True),
        (incident(A, B), Principal("key:2", B), True),
        (incident(A, frozenset({"public"})), Principal("key:2", B), True),
        (incident(A, frozenset({"public"})), Principal("key:2"), False),
        (incident(frozenset()), Principal("key:1", B), False),  # opened by an administrator
        (incident(frozenset()), Principal("key:1", administrator=True), True),
    ],
)
def test_an_incident_is_seen_by_its_opener_and_holders_of_its_tags(
    opened: Incident, principal: Principal, seen: bool
) -> None:
    assert may_see(opened, principal) is seen
