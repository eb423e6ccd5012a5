"""Reading a catalog on a disk that has no room for the files SQLite shares between connections."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

# SQLite makes this file in steps of 32 KiB; a shorter one means that no process has it in use.
_SHARED_MEMORY_BYTES = 32 * 1024
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ReadOnlyConnection(sqlite3.Connection):
    """A connection to the database file alone: commits made since it was opened are unseen."""


def open_read_only(path: Path) -> ReadOnlyConnection | None:
    """A connection to the catalog as its last commit left it; None where that is not safe.

    It takes no locks and does not look into the write-ahead log, so it is given only where the
    log is empty and no other process has the catalog open, and only on a disk without room:
    elsewhere the reason is another one, such as permissions.
    """
    if _in_use(path) or not is_full(path.parent):
        return None
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False, factory=ReadOnlyConnection)
    connection.isolation_level = None
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def _in_use(path: Path) -> bool:
    """Whether the database file alone does not hold every commit, or another process writes."""
    return (
        _size(path) == 0
        or _size(path.with_name(f"{path.name}-wal")) > 0
        or _size(path.with_name(f"{path.name}-shm")) >= _SHARED_MEMORY_BYTES
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def is_full(folder: Path) -> bool:
    """Whether a file as large as SQLite's shared memory cannot be written in the folder."""
    probe = folder / f".room-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return error.errno in _NO_ROOM
    try:
        with closing(os.fdopen(descriptor, "wb", buffering=0)) as file:
            written = file.write(bytes(_SHARED_MEMORY_BYTES))
    except OSError as error:
        return error.errno in _NO_ROOM
    finally:
        with suppress(OSError):
            probe.unlink()
    return written is None or written < _SHARED_MEMORY_BYTES
