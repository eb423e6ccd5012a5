"""What each receiver was last notified of, in a SQLite file: hashes, no text of any alert."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from pydantic import TypeAdapter

from rag.adapters.catalog.database import Database
from rag.alerts.group_changes import GroupState

# Longer than an open alert is kept: a group whose alerts are all forgotten begins anew.
_KEEP = timedelta(hours=48)
_STATE = TypeAdapter(GroupState)

_METADATA = sa.MetaData()
_GROUPS = sa.Table(
    "notified_groups",
    _METADATA,
    sa.Column("receiver", sa.String, primary_key=True),
    sa.Column("group_hash", sa.String, primary_key=True),
    sa.Column("state", sa.LargeBinary, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
)


class NotifiedGroups:
    """The states by receiver and group; safe to share between threads."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime]) -> NotifiedGroups:
        """Open or create the file. Raises StoreError."""
        return cls(Database.open(path, tables=_METADATA), now)

    def close(self) -> None:
        self._database.close()

    def get(self, receiver: str, group_key: str) -> GroupState | None:
        """The last state of a group that is still open; asking keeps it. Raises StoreError."""
        which = (_GROUPS.c.receiver == receiver) & (_GROUPS.c.group_hash == _hash(group_key))
        now = self._now().timestamp()
        with self._database.write() as connection:
            oldest = now - _KEEP.total_seconds()
            connection.execute(sa.delete(_GROUPS).where(_GROUPS.c.seen_at < oldest))
            connection.execute(sa.update(_GROUPS).where(which).values(seen_at=now))
            raw = connection.execute(sa.select(_GROUPS.c.state).where(which)).scalar()
        return None if raw is None else _STATE.validate_json(raw)

    def put(self, receiver: str, group_key: str, state: GroupState) -> None:
        """Keep a state. Raises StoreError."""
        row = {
            "receiver": receiver,
            "group_hash": _hash(group_key),
            "state": _STATE.dump_json(state),
            "seen_at": self._now().timestamp(),
        }
        insert = sa.insert(_GROUPS).prefix_with("OR REPLACE", dialect="sqlite")
        with self._database.write() as connection:
            connection.execute(insert, row)


def _hash(group_key: str) -> str:
    return hashlib.sha256(group_key.encode()).hexdigest()
