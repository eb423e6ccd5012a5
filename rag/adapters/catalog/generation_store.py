"""The table of generations."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import sqlalchemy as sa

from rag.adapters.catalog import lexical_table
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import chunks, generations, state, versions
from rag.domain.generations import Generation, GenerationInfo, Recipe
from rag.errors import IndexMissing, NotFound

_SERVING = sa.select(generations).where(generations.c.state == "serving")


class Generations:
    """Which generation serves, and which are being built."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def serving(self) -> Generation:
        """The generation that searches read. Raises IndexMissing before the first ingest."""
        with self._database.read() as connection:
            row = connection.execute(_SERVING).mappings().first()
        if row is None:
            raise IndexMissing("nothing has been indexed yet: run `runbook ingest` first")
        return _generation(row)

    def building(self, fingerprint: str) -> Generation | None:
        """A build with this fingerprint that has not served yet, to be taken up again."""
        with self._database.read() as connection:
            return _first(
                connection,
                sa.and_(
                    generations.c.state.in_(("building", "ready")),
                    generations.c.fingerprint == fingerprint,
                ),
            )

    def get(self, number: int) -> Generation:
        """Raises NotFound."""
        with self._database.read() as connection:
            found = _first(connection, generations.c.id == number)
        if found is None:
            raise NotFound(f"there is no generation {number}: `runbook index list` shows them")
        return found

    def finish(self, generation: Generation) -> None:
        """Its build came to its end."""
        with self._database.write() as connection:
            connection.execute(
                generations.update()
                .where(generations.c.id == generation.id, generations.c.state == "building")
                .values(state="ready")
            )

    def create(
        self, fingerprint: str, model: str, dimension: int, recipe: Recipe | None = None
    ) -> Generation:
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
                    recipe=None if recipe is None else json.dumps(asdict(recipe)),
                )
                .returning(generations.c.id)
            ).one()
            lexical_table.create(connection, key)
            return Generation(key, fingerprint, model, dimension, recipe)

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

    def list(self) -> list[GenerationInfo]:
        """Every generation, oldest first, with what it holds."""
        inside = (
            sa.select(
                versions.c.generation,
                sa.func.count(sa.distinct(versions.c.id)).label("documents"),
                sa.func.count(chunks.c.key).label("chunks"),
            )
            .outerjoin(chunks, chunks.c.version == versions.c.id)
            .where(versions.c.state == "active")
            .group_by(versions.c.generation)
            .subquery()
        )
        query = (
            sa.select(generations, inside.c.documents, inside.c.chunks)
            .outerjoin(inside, inside.c.generation == generations.c.id)
            .order_by(generations.c.id)
        )
        with self._database.read() as connection:
            return [_info(row) for row in connection.execute(query).mappings()]


def _first(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Generation | None:
    row = connection.execute(sa.select(generations).where(where)).mappings().first()
    return None if row is None else _generation(row)


def _generation(row: sa.RowMapping) -> Generation:
    recipe = None if row["recipe"] is None else Recipe(**json.loads(row["recipe"]))
    return Generation(row["id"], row["fingerprint"], row["model"], row["dimension"], recipe)


def _info(row: sa.RowMapping) -> GenerationInfo:
    return GenerationInfo(
        generation=_generation(row),
        state=row["state"],
        created_at=datetime.fromisoformat(row["created_at"]),
        documents=row["documents"] or 0,
        chunks=row["chunks"] or 0,
    )
