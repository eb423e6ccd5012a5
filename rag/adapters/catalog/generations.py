"""Generations: one build of the index with one embedding model and one chunker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from rag.adapters.catalog import lexical_table
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import generations, state
from rag.errors import IndexMissing


@dataclass(frozen=True, slots=True)
class Generation:
    """One build; `fingerprint` names everything that its chunks and vectors depend on."""

    id: int
    fingerprint: str
    model: str
    dimension: int


class Generations:
    """Which generation serves, and which are being built beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def serving(self) -> Generation:
        """The generation that searches read. Raises IndexMissing before the first ingest."""
        with self._database.read() as connection:
            found = _first(connection, generations.c.state == "serving")
        if found is None:
            raise IndexMissing("nothing has been indexed yet: run `runbook ingest` first")
        return found

    def building(self, fingerprint: str) -> Generation | None:
        """An unfinished build with this fingerprint, to be taken up again."""
        with self._database.read() as connection:
            return _first(
                connection,
                sa.and_(
                    generations.c.state == "building", generations.c.fingerprint == fingerprint
                ),
            )

    def create(self, fingerprint: str, model: str, dimension: int) -> Generation:
        """A new generation, not yet serving."""
        with self._database.write() as connection:
            key = connection.scalars(
                generations.insert()
                .values(
                    fingerprint=fingerprint,
                    model=model,
                    dimension=dimension,
                    state="building",
                    created_at=datetime.now(UTC).isoformat(),
                )
                .returning(generations.c.id)
            ).one()
            lexical_table.create(connection, key)
            return Generation(key, fingerprint, model, dimension)

    def promote(self, generation: Generation) -> None:
        """Make it the serving one, in one commit; the one before is retired."""
        with self._database.write() as connection:
            connection.execute(state.update().values(changes=state.c.changes + 1))
            connection.execute(
                generations.update().where(generations.c.state == "serving").values(state="retired")
            )
            connection.execute(
                generations.update()
                .where(generations.c.id == generation.id)
                .values(state="serving")
            )

    def unserved(self) -> list[Generation]:
        """Every generation that does not serve: retired, or not finished."""
        query = sa.select(generations).where(generations.c.state != "serving")
        with self._database.read() as connection:
            return [_generation(row) for row in connection.execute(query).mappings()]


def _first(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Generation | None:
    row = connection.execute(sa.select(generations).where(where)).mappings().first()
    return None if row is None else _generation(row)


def _generation(row: sa.RowMapping) -> Generation:
    return Generation(row["id"], row["fingerprint"], row["model"], row["dimension"])
