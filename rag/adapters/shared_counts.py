"""Counts of requests, used ids and short texts, in a SQLite file that several processes share.

The file lives as long as the service does and nothing in it must survive a power cut, so a commit
waits for no disk. A process that is killed leaves no lock behind.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue

from rag.errors import StoreError, TooManyRequests

_WINDOW_SECONDS = 60.0
_TURN_SECONDS = 1
# A transaction takes far less than a millisecond; a longer wait means that the disk does not work.
_BUSY_SECONDS = 5.0
_TABLES = """
CREATE TABLE IF NOT EXISTS events (name TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_name ON events (name, at);
CREATE INDEX IF NOT EXISTS events_by_time ON events (at);
CREATE TABLE IF NOT EXISTS running (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, process TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS running_of_name ON running (name);
CREATE TABLE IF NOT EXISTS used_ids (
    kind TEXT NOT NULL, id TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (until);
"""


class SharedCounts:
    """The counts as one process sees and changes them; safe to share between its threads.

    Times are of the monotonic clock, which the processes of a machine have in common. Every method
    raises StoreError when the file cannot be read or written.
    """

    def __init__(
        self, path: Path, process: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._process = process
        self._clock = clock
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        with self._connection() as connection:
            connection.executescript(_TABLES)

    def admit(self, name: str, *, per_minute: int, concurrent: int) -> int:
        """Count a request of `name` that begins; returns its number for `release`.

        Raises TooManyRequests after `per_minute` requests in sixty seconds, or while `concurrent`
        others run. The latter are counted in the minute all the same.
        """
        with self._transaction() as connection:
            self._count(connection, name, per_minute)
            running = connection.execute("SELECT count(*) FROM running WHERE name = ?", (name,))
            has_turn = running.fetchone()[0] < concurrent
            if has_turn:
                added = connection.execute(
                    "INSERT INTO running (name, process) VALUES (?, ?)", (name, self._process)
                )
        if not has_turn:
            raise TooManyRequests("more requests at once than are allowed", _TURN_SECONDS)
        return added.lastrowid or 0

    def release(self, request: int) -> None:
        """The request has ended."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM running WHERE id = ?", (request,))

    def count(self, name: str, *, per_minute: int) -> None:
        """Count one event of `name`, or raise TooManyRequests and count none."""
        with self._transaction() as connection:
            self._count(connection, name, per_minute)

    def running(self) -> int:
        """How many requests of all processes have begun and not ended."""
        with self._connection() as connection:
            return int(connection.execute("SELECT count(*) FROM running").fetchone()[0])

    def forget(self, process: str) -> None:
        """A process has died: its requests run no longer."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM running WHERE process = ?", (process,))

    def use(self, kind: str, identity: str, seconds: float) -> bool:
        """Remember an id of this kind for so many seconds. False if it was remembered already."""
        now = self._clock()
        with self._transaction() as connection:
            connection.execute("DELETE FROM used_ids WHERE kind = ? AND until < ?", (kind, now))
            added = connection.execute(
                "INSERT OR IGNORE INTO used_ids VALUES (?, ?, ?)", (kind, identity, now + seconds)
            )
        return added.rowcount == 1

    def is_used(self, kind: str, identity: str) -> bool:
        """Whether an id of this kind is remembered."""
        query = "SELECT 1 FROM used_ids WHERE kind = ? AND id = ?"
        with self._connection() as connection:
            return connection.execute(query, (kind, identity)).fetchone() is not None

    def put(self, kind: str, identity: str, text: str, seconds: float) -> None:
        """Keep a text for so many seconds, in place of any of the same kind and id."""
        now = self._clock()
        with self._transaction() as connection:
            connection.execute("DELETE FROM entries WHERE until < ?", (now,))
            connection.execute(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)",
                (kind, identity, text, now + seconds),
            )

    def get(self, kind: str, identity: str) -> str | None:
        """The text of this kind and id."""
        query = "SELECT text FROM entries WHERE kind = ? AND id = ?"
        with self._connection() as connection:
            row = connection.execute(query, (kind, identity)).fetchone()
        return None if row is None else str(row[0])

    def remove(self, kind: str, identity: str, text: str) -> bool:
        """Whether the entry still had this text, and is gone now."""
        query = "DELETE FROM entries WHERE kind = ? AND id = ? AND text = ?"
        with self._transaction() as connection:
            return connection.execute(query, (kind, identity, text)).rowcount == 1

    def close(self) -> None:
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def _count(self, connection: sqlite3.Connection, name: str, per_minute: int) -> None:
        now = self._clock()
        connection.execute("DELETE FROM events WHERE at <= ?", (now - _WINDOW_SECONDS,))
        oldest = connection.execute(
            "SELECT at FROM events WHERE name = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
            (name, per_minute - 1),
        ).fetchone()
        if oldest is not None:
            wait = max(1, math.ceil(oldest[0] + _WINDOW_SECONDS - now))
            raise TooManyRequests("more requests in a minute than are allowed", wait)
        connection.execute("INSERT INTO events VALUES (?, ?)", (name, now))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """With the write lock from its beginning, so that no other process counts meanwhile."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._take()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        try:
            yield connection
        except sqlite3.Error as error:
            connection.close()
            raise self._failure(error) from error
        except BaseException:
            self._idle.put(connection)
            raise
        self._idle.put(connection)

    def _take(self) -> sqlite3.Connection:
        with suppress(Empty):
            return self._idle.get_nowait()
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    def _failure(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"{self._path} cannot be read or written ({error}): make room on its disk, and mend "
            "the owner or the mount of the state folder"
        )
