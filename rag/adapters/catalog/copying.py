"""One generation's documents and chunks, for another that cuts them alike."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.rows import chunk_of, document_of
from rag.adapters.catalog.schema import acl_sets, chunks, versions
from rag.domain.documents import Chunk, Document
from rag.domain.generations import Generation, GenerationDifference

_OF_ONE_BUILD = frozenset({"id", "generation", "state"})


class GenerationCopy:
    """Compares two generations and reads from the first."""

    def __init__(self, database: Database, original: Generation, copy: Generation) -> None:
        self._database = database
        self._original = original
        self._copy = copy

    def difference(self) -> GenerationDifference:
        with self._database.read() as connection:
            original = _stamped(connection, self._original)
            copy = _stamped(connection, self._copy)
        outdated = [
            version
            for document, (version, stamp) in original.items()
            if document not in copy or copy[document][1] != stamp
        ]
        lacking = [version for document, (version, _) in original.items() if document not in copy]
        surplus: dict[str, list[str]] = {}
        for document, (_, stamp) in copy.items():
            if document not in original:
                surplus.setdefault(stamp["source"], []).append(stamp["path"])
        return GenerationDifference(tuple(sorted(outdated)), tuple(sorted(lacking)), surplus)

    def read(self, wanted: Sequence[int]) -> list[tuple[Document, tuple[Chunk, ...]]]:
        """These versions, those of them that still serve, with their chunks in order."""
        pages = (
            sa.select(versions, acl_sets.c.tags.label("acl_tags"))
            .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
            .where(versions.c.id.in_(wanted), versions.c.state == "active")
        )
        passages = (
            sa.select(chunks, versions.c.document_id)
            .join(versions, versions.c.id == chunks.c.version)
            .where(chunks.c.version.in_(wanted))
            .order_by(chunks.c.version, chunks.c.ordinal)
        )
        inside: dict[int, list[Chunk]] = {}
        with self._database.read() as connection:
            for row in connection.execute(passages).mappings():
                inside.setdefault(row["version"], []).append(chunk_of(row))
            return [
                (document_of(row), tuple(inside.get(row["id"], ())))
                for row in connection.execute(pages).mappings()
            ]


def _stamped(
    connection: sa.Connection, generation: Generation
) -> dict[str, tuple[int, dict[str, str]]]:
    """Each document's version, and all that is the same in every build of it."""
    query = sa.select(versions).where(
        versions.c.generation == generation.id, versions.c.state == "active"
    )
    return {
        row["document_id"]: (
            row["id"],
            {name: value for name, value in row.items() if name not in _OF_ONE_BUILD},
        )
        for row in connection.execute(query).mappings()
    }
