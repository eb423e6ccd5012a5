"""What one generation serves, for the runs and builds that compare with it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.rows import strings, to_json
from rag.adapters.catalog.schema import (
    acl_sets,
    chunks,
    embeddings,
    versions,
)
from rag.adapters.catalog.vector_entries import entry_of, entry_query
from rag.domain.documents import AclOrigin
from rag.domain.generations import Generation
from rag.domain.index import ActiveVersion
from rag.indexing.write_protocol import Draft, text_hash
from rag.ports import Vector, VectorEntry

_EVERYTHING = AccessFilter(frozenset(), everything=True)


class GenerationReader:
    """Reads one generation, whether it serves or not."""

    def __init__(self, database: Database, generation: Generation) -> None:
        self._database = database
        self.generation = generation
        self._active = sa.and_(versions.c.generation == generation.id, versions.c.state == "active")

    def active_versions(self, source: str, scope: str | None = None) -> dict[str, ActiveVersion]:
        """What is served of a source, by path; with `scope`, of that file or folder alone."""
        query = (
            sa.select(versions, acl_sets.c.tags.label("acl_tags"))
            .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
            .where(self._active, versions.c.source == source, _within(scope))
        )
        with self._database.read() as connection:
            return {
                row["path"]: _active_version(row) for row in connection.execute(query).mappings()
            }

    def served_acls(self, document_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The ACL tags of those among these documents that are served."""
        listed = sa.func.json_each(to_json(document_ids)).table_valued("value")
        query = (
            sa.select(versions.c.document_id, acl_sets.c.tags)
            .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
            .where(self._active, versions.c.document_id.in_(sa.select(listed.c.value)))
        )
        with self._database.read() as connection:
            return {
                row.document_id: frozenset(strings(row.tags)) for row in connection.execute(query)
            }

    def cached_vectors(self, hashes: Sequence[str]) -> dict[str, Vector[float]]:
        """The vectors of texts that this generation's model has embedded before."""
        found: dict[str, Vector[float]] = {}
        with self._database.read() as connection:
            for start in range(0, len(hashes), 500):
                rows = connection.execute(
                    sa.select(embeddings.c.text_hash, embeddings.c.vector).where(
                        embeddings.c.model == self.generation.model,
                        embeddings.c.text_hash.in_(hashes[start : start + 500]),
                    )
                )
                found.update((key, array("f", vector)) for key, vector in rows)
        return found

    def draft_of(self, document_id: str) -> Draft | None:
        """A served document as it is indexed now, with its vectors, or None."""
        served = CatalogReader(self._database).document(document_id, access=_EVERYTHING)
        if served is None:
            return None
        document, inside = served
        hashes = [text_hash(chunk.embedded_text) for chunk in inside]
        vectors = self.cached_vectors(hashes)
        return Draft(document, inside, tuple(vectors[key] for key in hashes))

    def active_chunk_count(self) -> int:
        query = (
            sa.select(sa.func.count())
            .select_from(chunks.join(versions, versions.c.id == chunks.c.version))
            .where(self._active)
        )
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def active_entries(self, batch: int) -> Iterator[list[VectorEntry]]:
        """Every vector that should be in the store, from the catalog alone."""
        query = (
            entry_query()
            .add_columns(embeddings.c.vector)
            .join(embeddings, embeddings.c.text_hash == chunks.c.text_hash)
            .where(self._active, embeddings.c.model == self.generation.model)
            .order_by(chunks.c.key)
        )
        with self._database.read() as connection:
            for rows in connection.execute(query).mappings().partitions(batch):
                yield [entry_of(row, array("f", row["vector"])) for row in rows]

    def unreadable_count(self) -> int:
        """Served documents that nobody but administrators may read."""
        query = (
            sa.select(sa.func.count())
            .select_from(versions.join(acl_sets, acl_sets.c.id == versions.c.acl_set))
            .where(self._active, acl_sets.c.tags == "[]")
        )
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def unserved_versions(self) -> list[int]:
        """Versions whose vectors, if any, must go."""
        query = sa.select(versions.c.id).where(
            versions.c.generation == self.generation.id, versions.c.state != "active"
        )
        with self._database.read() as connection:
            return list(connection.scalars(query))


def _within(scope: str | None) -> sa.ColumnElement[bool]:
    if scope in (None, "", "."):
        return sa.true()
    # A range, which the index on paths serves: "0" is the character after "/".
    below = sa.and_(versions.c.path > f"{scope}/", versions.c.path < f"{scope}0")
    return sa.or_(versions.c.path == scope, below)


def _active_version(row: sa.RowMapping) -> ActiveVersion:
    return ActiveVersion(
        version=row["id"],
        document_id=row["document_id"],
        path=row["path"],
        content_hash=row["content_hash"],
        revision=row["revision"],
        updated=row["updated"],
        acl=frozenset(strings(row["acl_tags"])),
        acl_origin=AclOrigin(row["acl_origin"]),
        acl_narrowed=row["acl_narrowed"],
    )
