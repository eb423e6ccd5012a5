"""An exact scan over the vectors that the catalog keeps.

For a process that does not own the index: Chroma's directory is open in one process alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from rag.adapters.catalog.access import passes
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.generations import Generation
from rag.adapters.catalog.schema import chunks, embeddings, state, versions
from rag.ports import Vector, VectorFilter


@dataclass(frozen=True, slots=True)
class _Kept:
    """What one filter let through at one state of the catalog."""

    where: VectorFilter
    changes: int
    keys: list[int]
    vectors: bytes


class ExactVectors:
    """Reads what passes from the catalog, and keeps it until the filter or the catalog changes."""

    def __init__(self, database: Database, generation: Generation) -> None:
        self._database = database
        self._generation = generation
        self._kept: _Kept | None = None

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        """Keys with their cosine similarity, best first."""
        import numpy as np

        keys, vectors = self._read(where)
        if not keys:
            return []
        matrix = np.frombuffer(vectors, dtype="<f4").reshape(len(keys), -1)
        scores = matrix @ np.asarray(vector, dtype=np.float32)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [(keys[index], float(scores[index])) for index in order]

    def _read(self, where: VectorFilter) -> tuple[list[int], bytes]:
        with self._database.read() as connection:
            changes = int(connection.scalar(sa.select(state.c.changes)) or 0)
            kept = self._kept
            if kept is None or (kept.where, kept.changes) != (where, changes):
                rows = connection.execute(self._query(where)).all()
                vectors = b"".join(row[1] for row in rows)
                kept = _Kept(where, changes, [int(row[0]) for row in rows], vectors)
                self._kept = kept
        return kept.keys, kept.vectors

    def _query(self, where: VectorFilter) -> sa.Select[int, bytes]:
        query = (
            sa.select(chunks.c.key, embeddings.c.vector)
            .join(versions, versions.c.id == chunks.c.version)
            .join(embeddings, embeddings.c.text_hash == chunks.c.text_hash)
            .where(embeddings.c.model == self._generation.model)
            .where(versions.c.generation == self._generation.id, versions.c.state == "active")
            .where(passes(where.filters))
        )
        if where.acl_sets is not None:
            query = query.where(versions.c.acl_set.in_(where.acl_sets))
        return query
