"""An exact scan over the vectors that the catalog keeps.

For a process that must not open Chroma's directory because another one owns it.
"""

from __future__ import annotations

import sqlalchemy as sa

from rag.adapters.catalog.access import passes
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.generations import Generation
from rag.adapters.catalog.schema import chunks, embeddings, versions
from rag.ports import Vector, VectorFilter


class ExactVectors:
    """Reads what passes from the catalog for each question; right for a process that asks few."""

    def __init__(self, database: Database, generation: Generation) -> None:
        self._database = database
        self._generation = generation

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        """Keys with their cosine similarity, best first."""
        import numpy as np

        with self._database.read() as connection:
            rows = connection.execute(self._query(where)).all()
        if not rows:
            return []
        keys = [int(row[0]) for row in rows]
        matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
        scores = matrix.reshape(len(keys), -1) @ np.asarray(vector, dtype=np.float32)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [(keys[index], float(scores[index])) for index in order]

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
