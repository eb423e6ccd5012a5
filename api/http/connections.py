"""Which connection to drop when a new one comes and there is no room for it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


class WaitingConnections(Generic[C]):
    """Connections that wait for their client, by its address, longest wait first.

    An honest client sends its request as soon as it is connected, so the one that has waited
    longest at the address that holds the most connections is the one that is missed least.
    """

    def __init__(self) -> None:
        # Dictionaries as ordered sets: the values mean nothing.
        self._by_address: dict[str, dict[C, None]] = {}

    def add(self, address: str, connection: C) -> None:
        """The connection waits from now on; nothing changes for one that waits already."""
        self._by_address.setdefault(address, {}).setdefault(connection)

    def discard(self, address: str, connection: C) -> None:
        """The connection waits no longer, if it did."""
        waiting = self._by_address.get(address)
        if waiting is None:
            return
        waiting.pop(connection, None)
        if not waiting:
            del self._by_address[address]

    def pop(self) -> C | None:
        """Take out the connection to drop; None when no connection waits."""
        if not self._by_address:
            return None
        address = max(self._by_address, key=lambda one: len(self._by_address[one]))
        connection = next(iter(self._by_address[address]))
        self.discard(address, connection)
        return connection
