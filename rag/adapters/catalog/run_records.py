"""What runs record in the catalog: their sources, the quarantine, and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import (
    chunks,
    embeddings,
    quarantine,
    sources,
    state,
)
from rag.domain.index import KnownSource, Quarantined
from rag.errors import StoreError


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
        row = {"name": known.name, "root": known.root, "configured": known.configured}
        with self._database.write() as connection:
            connection.execute(sources.insert().prefix_with("OR REPLACE").values(row))

    def forget_source(self, name: str) -> None:
        """Forget a source that serves no document any more, and its quarantine."""
        with self._database.write() as connection:
            connection.execute(quarantine.delete().where(quarantine.c.source == name))
            connection.execute(sources.delete().where(sources.c.name == name))


def known_sources(database: Database) -> list[KnownSource]:
    """Every source that was ingested, with its root."""
    with database.read() as connection:
        rows = connection.execute(sa.select(sources)).mappings()
        return [KnownSource(row["name"], row["root"], row["configured"]) for row in rows]


def forget_quarantine(connection: sa.Connection, source: str, paths: Sequence[str]) -> None:
    for start in range(0, len(paths), 500):
        connection.execute(
            quarantine.delete().where(
                quarantine.c.source == source, quarantine.c.path.in_(paths[start : start + 500])
            )
        )
