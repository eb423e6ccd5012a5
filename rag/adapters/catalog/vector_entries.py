"""Entries of the vector store, from rows of the catalog."""

from __future__ import annotations

from array import array
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from rag.adapters.catalog.rows import strings
from rag.adapters.catalog.schema import acl_sets, chunks, versions
from rag.ports import ChunkDescription, Vector, VectorEntry

NO_VECTOR: Vector[float] = array("f")


def entry_query() -> sa.Select[Any]:
    """Selects what `entry_of` reads, of every chunk."""
    return (
        sa.select(
            chunks.c.key,
            chunks.c.section,
            chunks.c.first_line,
            chunks.c.last_line,
            acl_sets.c.tags.label("acl_tags"),
            versions,
        )
        .join(versions, versions.c.id == chunks.c.version)
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
    )


def entry_of(row: sa.RowMapping, vector: Vector[float]) -> VectorEntry:
    """The entry of a selected chunk."""
    return VectorEntry(
        key=row["key"],
        version=row["id"],
        vector=vector,
        acl_set=row["acl_set"],
        kind=row["kind"],
        source=row["source"],
        service=strings(row["service"]),
        updated=row["updated"],
        description=_description(row),
    )


def _description(row: sa.RowMapping) -> ChunkDescription:
    reviewed = date.fromisoformat(row["last_reviewed"]) if row["last_reviewed"] else None
    days = row["review_days"]
    return ChunkDescription(
        document_id=row["document_id"],
        path=row["path"],
        revision=row["revision"],
        section=strings(row["section"]),
        lines=(row["first_line"], row["last_line"]),
        owner=row["owner"],
        acl_tags=tuple(sorted(strings(row["acl_tags"]))),
        last_reviewed=reviewed,
        review_due=None if reviewed is None or days is None else reviewed + timedelta(days=days),
    )
