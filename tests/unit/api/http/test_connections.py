"""Which connection is dropped when there is no room for another."""

from __future__ import annotations

from api.http.connections import WaitingConnections


def test_the_longest_wait_at_the_busiest_address_ends_first() -> None:
    waiting: WaitingConnections[str] = WaitingConnections()
    waiting.add("honest", "first of all")
    for name in ("a", "b", "c"):
        waiting.add("hostile", name)
    waiting.add("hostile", "a")  # still waiting: its place stays
    assert [waiting.pop(), waiting.pop()] == ["a", "b"]
    assert {waiting.pop(), waiting.pop()} == {"first of all", "c"}
    assert waiting.pop() is None


def test_a_connection_that_waits_no_longer_is_not_dropped() -> None:
    waiting: WaitingConnections[str] = WaitingConnections()
    waiting.add("one", "a")
    waiting.discard("one", "a")
    waiting.discard("one", "a")
    waiting.discard("never seen", "a")
    assert waiting.pop() is None
