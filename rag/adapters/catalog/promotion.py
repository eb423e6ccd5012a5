"""Which generation serves, changed in one commit, and the record of who changed it and why.

A generation that has waited may hold pages as they stood before their readers were fewer. So the
commit that lets it serve takes from it what the one before does not serve any more, and narrows
what both have to readers that both allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from rag.access.acl import readers_of_both
from rag.adapters.catalog.acl_reduction import acl_set_number
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.rows import strings
from rag.adapters.catalog.schema import acl_sets, generations, promotions, state, versions
from rag.adapters.catalog.writer import CatalogWriter
from rag.domain.generations import Generation, Promotion
from rag.errors import NotFound


class Promotions:
    """Changes the serving generation; needs no vectors, and so no index lock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self) -> list[Promotion]:
        """Newest first."""
        query = sa.select(promotions).order_by(promotions.c.number.desc())
        with self._database.read() as connection:
            return [_promotion(row) for row in connection.execute(query).mappings()]

    def chosen(self, generation: Generation) -> bool:
        """Whether somebody asked for it to serve, whatever the settings say."""
        asked = sa.exists().where(
            promotions.c.generation == generation.id, promotions.c.kind != "ingest"
        )
        with self._database.read() as connection:
            return bool(connection.scalar(sa.select(asked)))

    def promote(
        self,
        generation: Generation,
        *,
        by: str,
        kind: str,
        gate: str,
        reason: str | None = None,
        waited: bool = True,
    ) -> Promotion:
        """Let it serve from this commit on; the one before is retired, to be rolled back to.

        One that has not `waited` was read from its sources just now, and knows best who may read.
        Raises NotFound when it is not there any more.
        """
        with self._database.write() as connection:
            before = _serving(connection)
            if before is not None and before != generation.id:
                if waited:
                    self._narrow(connection, generation, before)
                connection.execute(
                    generations.update().where(generations.c.id == before).values(state="retired")
                )
            served = connection.execute(
                generations.update()
                .where(generations.c.id == generation.id)
                .values(state="serving")
            )
            if not served.rowcount:  # it was removed meanwhile: the one before serves on
                raise NotFound(f"there is no generation {generation.id} any more")
            connection.execute(state.update().values(changes=state.c.changes + 1))
            promotion = Promotion(generation.id, before, datetime.now(UTC), by, kind, gate, reason)
            connection.execute(promotions.insert().values(_columns(promotion)))
            return promotion

    def before(self) -> int:
        """The generation that served until the one that serves now. Raises NotFound."""
        newest = (
            sa.select(generations.c.id)
            .where(generations.c.state == "retired")
            .order_by(
                sa.select(sa.func.max(promotions.c.number))
                .where(promotions.c.before == generations.c.id)
                .scalar_subquery()
                .desc(),
                generations.c.id.desc(),
            )
        )
        with self._database.read() as connection:
            number = connection.scalar(newest)
        if number is None:
            raise NotFound("no generation served before this one: there is nothing to roll back to")
        return int(number)

    def _narrow(self, connection: sa.Connection, generation: Generation, before: int) -> None:
        gone: list[str] = []
        for row in _compared(connection, generation.id, before):
            if row.now is None:
                gone.append(row.document_id)
            elif row.acl_set != row.now_set:
                _set_acl(connection, row)
        catalog = CatalogWriter(self._database, generation)
        for start in range(0, len(gone), 500):
            catalog.retire(connection, gone[start : start + 500])


def _compared(connection: sa.Connection, waited: int, before: int) -> Iterator[Any]:
    now, now_sets = versions.alias("now"), acl_sets.alias("now_sets")
    query = (
        sa.select(
            versions.c.id,
            versions.c.document_id,
            versions.c.content_hash,
            versions.c.acl_set,
            acl_sets.c.tags,
            now.c.id.label("now"),
            now.c.content_hash.label("now_hash"),
            now.c.acl_set.label("now_set"),
            now.c.acl_narrowed.label("now_narrowed"),
            now_sets.c.tags.label("now_tags"),
        )
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
        .outerjoin(
            now,
            sa.and_(
                now.c.generation == before,
                now.c.state == "active",
                now.c.document_id == versions.c.document_id,
            ),
        )
        .outerjoin(now_sets, now_sets.c.id == now.c.acl_set)
        .where(versions.c.generation == waited, versions.c.state == "active")
    )
    return iter(connection.execute(query).all())


def _set_acl(connection: sa.Connection, row: Any) -> None:
    number, narrowed = row.now_set, row.now_narrowed
    if row.content_hash != row.now_hash:  # which text is the newer is not known here
        both = readers_of_both(frozenset(strings(row.tags)), frozenset(strings(row.now_tags)))
        number, narrowed = acl_set_number(connection, both), True  # until the file is read again
    changed = versions.update().where(versions.c.id == row.id)
    connection.execute(changed.values(acl_set=number, acl_narrowed=narrowed))


def _serving(connection: sa.Connection) -> int | None:
    found = connection.scalar(sa.select(generations.c.id).where(generations.c.state == "serving"))
    return None if found is None else int(found)


def _columns(promotion: Promotion) -> dict[str, Any]:
    return {
        "generation": promotion.generation,
        "before": promotion.before,
        "at": promotion.at.isoformat(),
        "by": promotion.by,
        "kind": promotion.kind,
        "gate": promotion.gate,
        "reason": promotion.reason,
    }


def _promotion(row: sa.RowMapping) -> Promotion:
    return Promotion(
        generation=row["generation"],
        before=row["before"],
        at=datetime.fromisoformat(row["at"]),
        by=row["by"],
        kind=row["kind"],
        gate=row["gate"],
        reason=row["reason"],
    )
