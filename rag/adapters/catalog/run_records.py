"""What runs record in the catalog: their sources, quarantine, notes, and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.sqlite import insert

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import (
    chunks,
    embeddings,
    notes,
    quarantine,
    sources,
    state,
)
from rag.domain.index import FileNote, KnownSource, Quarantined, SourceOutcome
from rag.errors import StoreError

_PATHS_AT_ONCE = 500
_OUTCOME = TypeAdapter(SourceOutcome)


class RunRecords:
    """The tables of sources, quarantine and state; its owner holds the index lock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def quarantined_paths(self, source: str) -> set[str]:
        """The files of a source that were in quarantine after the last run."""
        query = sa.select(quarantine.c.path).where(quarantine.c.source == source)
        with self._database.read() as connection:
            return set(connection.scalars(query))

    def record_quarantine(
        self, source: str, found: Sequence[Quarantined], looked_at: Sequence[str]
    ) -> None:
        """Replace the quarantine of a source's paths `looked_at` by `found`."""
        with self._database.write() as connection:
            forget_quarantine(connection, source, looked_at)
            for item in found:
                connection.execute(
                    quarantine.insert()
                    .prefix_with("OR REPLACE")
                    .values(source=item.source, path=item.path, line=item.line, reason=item.reason)
                )

    def record_notes(self, source: str, found: Sequence[FileNote], read: Sequence[str]) -> None:
        """Replace the notes on the files of a source that were read or are gone, by `found`."""
        rows = [asdict(note) for note in found]
        with self._database.write() as connection:
            _forget(connection, notes, source, read)
            if rows:
                connection.execute(notes.insert(), rows)

    def record_outcome(self, source: str, outcome: SourceOutcome) -> None:
        """Replace how the last run of a source ended."""
        with self._database.write() as connection:
            connection.execute(
                sources.update()
                .where(sources.c.name == source)
                .values(last_run=_OUTCOME.dump_json(outcome).decode())
            )

    def finish(self, now: datetime) -> None:
        """Record a run that completed, and drop embeddings that no chunk uses."""
        used = sa.select(chunks.c.text_hash)
        with self._database.write() as connection:
            connection.execute(embeddings.delete().where(embeddings.c.text_hash.not_in(used)))
            connection.execute(
                state.update().values(
                    last_success=now.isoformat(), last_failure=None, last_failure_at=None
                )
            )

    def record_failure(self, reason: str, now: datetime) -> None:
        """Store why a run failed, for `doctor`, until one completes."""
        with suppress(StoreError), self._database.write() as connection:
            connection.execute(
                state.update().values(last_failure=reason, last_failure_at=now.isoformat())
            )

    def remember_source(self, known: KnownSource) -> None:
        """Keep where a source is; how its last run ended stays."""
        place = {"root": known.root, "configured": known.configured}
        statement = insert(sources).values(name=known.name, **place)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=place))

    def forget_source(self, name: str) -> None:
        """Forget a source that serves no document any more, with its quarantine and its notes."""
        with self._database.write() as connection:
            connection.execute(notes.delete().where(notes.c.source == name))
            connection.execute(quarantine.delete().where(quarantine.c.source == name))
            connection.execute(sources.delete().where(sources.c.name == name))


def known_sources(database: Database) -> list[KnownSource]:
    """Every source that was ingested, with its root."""
    with database.read() as connection:
        rows = connection.execute(sa.select(sources)).mappings()
        return [
            KnownSource(
                row["name"],
                row["root"],
                row["configured"],
                _OUTCOME.validate_json(row["last_run"]) if row["last_run"] else None,
            )
            for row in rows
        ]


def forget_quarantine(connection: sa.Connection, source: str, paths: Sequence[str]) -> None:
    """Forget what was in quarantine at these paths of a source."""
    _forget(connection, quarantine, source, paths)


def _forget(connection: sa.Connection, table: sa.Table, source: str, paths: Sequence[str]) -> None:
    for start in range(0, len(paths), _PATHS_AT_ONCE):
        at_once = paths[start : start + _PATHS_AT_ONCE]
        connection.execute(
            table.delete().where(table.c.source == source, table.c.path.in_(at_once))
        )
