"""Opening the catalog's database: pragmas, migrations, and errors in the project's own tree."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from rag.adapters.catalog.full_disk import ReadOnlyConnection, is_full, open_read_only
from rag.errors import StoreError

# The newest migration in migrations/versions; a test holds the two together.
SCHEMA_VERSION = "0011"
_BUSY_SECONDS = 30
# A search reads on two at once, and each holds pages of the file that it need not read again.
_CONNECTIONS_KEPT = 16
_CACHE_KIB = 16 * 1024
_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """A pool of connections to one catalog file; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = sa.create_engine(
            f"sqlite:///{path}",
            pool_size=_CONNECTIONS_KEPT,
            pool_use_lifo=True,  # the one used last knows most
            max_overflow=-1,  # the limit of requests limits connections
            creator=self._connect,
            hide_parameters=True,  # an error must not carry a document's text
        )
        event.listen(self.engine, "checkout", _discard_used_read_only)
        event.listen(self.engine, "begin", _begin_immediately_when_writing)

    @classmethod
    def open(cls, path: Path, tables: sa.MetaData | None = None) -> Database:
        """Open or create the catalog, migrated to the current schema. Raises StoreError.

        `tables` are created instead of migrated, in a file that is not the catalog.
        """
        # The catalog holds the text of every document: nobody else on the machine may read it.
        make_folder(path.parent)
        _keep_private(path)
        database = cls(path)
        try:
            with _translated(path):
                if tables is None:
                    _migrate(database.engine)
                else:
                    _create(tables, database.engine)
        except StoreError:
            database.close()
            raise
        return database

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot: everything read inside sees the same commits."""
        with _translated(self.path), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that takes the write lock at its start."""
        with (
            _translated(self.path),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, check_same_thread=False)
        try:
            _set_pragmas(connection)
        except sqlite3.OperationalError:
            connection.close()
            read_only = open_read_only(self.path)
            if read_only is None:
                raise
            return read_only
        return connection


def _keep_private(path: Path) -> None:
    """Readable by its owner alone; SQLite gives its companion files the same permissions."""
    with suppress(OSError):  # of another owner, or on a disk that is full or read-only
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)


def make_folder(folder: Path) -> None:
    """A folder for this user alone. Raises StoreError where none can be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made ({error.strerror}): mend the owner or the mount of the "
            "folder above it, or set `state`"
        ) from error


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the database at {path} failed: {_explained(path, error)}") from error


def _explained(path: Path, error: sa.exc.SQLAlchemyError) -> str:
    message = str(error)
    if "disk is full" in message or (_may_be_full(message) and is_full(path.parent)):
        return "the disk is full: make room, and run again; what was committed is safe"
    if "readonly database" in message or "unable to open" in message:
        return f"{path.parent} cannot be written: mend its owner or its mount, or set `state`"
    if "malformed" in message or "not a database" in message:
        return (
            "it is damaged: stop the service, and bring it back with `runbook restore`, or move it "
            "away and ingest again"
        )
    return f"{error}. `runbook doctor` says what to check."


def _may_be_full(message: str) -> bool:
    return any(one in message for one in ("disk I/O error", "readonly database", "unable to open"))


def _discard_used_read_only(connection: Any, record: Any, _proxy: Any) -> None:
    # It sees no later commit, such as a key revoked or an ACL narrowed: each read opens its own.
    if isinstance(connection, ReadOnlyConnection):
        if "used" in record.info:
            raise sa.exc.DisconnectionError
        record.info["used"] = True


def _set_pragmas(connection: sqlite3.Connection) -> None:
    # FULL: a commit that a power cut took back would let vectors outlive the versions they carry.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")


def _begin_immediately_when_writing(connection: sa.Connection) -> None:
    # A deferred transaction that turns to writing fails at once instead of waiting its turn.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create(tables: sa.MetaData, engine: sa.Engine) -> None:
    # The write lock makes the second of two processes wait and find the tables.
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        tables.create_all(connection)


def _migrate(engine: sa.Engine) -> None:
    current = _current_version(engine)
    if current == SCHEMA_VERSION:
        return
    if current is not None and current > SCHEMA_VERSION:
        raise StoreError(
            f"{engine.url.database} was written by a newer version of this program (schema "
            f"{current}, and this one knows {SCHEMA_VERSION}): install that version again, or "
            "restore a backup that this one made"
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    # The write lock, held throughout, makes the second of two processes wait and find it done.
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _current_version(engine: sa.Engine) -> str | None:
    with engine.connect() as connection, connection.begin():
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if version is None else str(version)
