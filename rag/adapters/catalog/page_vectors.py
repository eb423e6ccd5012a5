"""How near a question is to a page as a whole: to the mean of its chunks' vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import page_vectors
from rag.domain import Candidate
from rag.indexing import chunk_key
from rag.ports import Embedder, Vector


def page_vector(vectors: Sequence[Vector[float]]) -> bytes:
    """The unit vector in the middle of a page's chunks, as 32-bit little-endian floats."""
    import numpy as np

    middle = np.mean(np.array(vectors, dtype=np.float32), axis=0)
    length = float(np.linalg.norm(middle)) or 1.0
    made: bytes = (middle / length).astype("<f4").tobytes()
    return made


class PageVectors:
    """Scores pages that retrievers found by the cosine of question and page."""

    name = "page_vectors"

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder

    def score(self, question: str, versions: Sequence[int]) -> list[Candidate]:
        import numpy as np

        listed = sa.func.json_each(json.dumps(list(versions))).table_valued("value")
        query = sa.select(page_vectors).where(page_vectors.c.version.in_(sa.select(listed.c.value)))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return []
        matrix = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4")
        asked = np.asarray(self._embedder.embed_question(question), dtype=np.float32)
        scores = matrix.reshape(len(rows), -1) @ asked
        found = [
            Candidate(chunk_key(row.version, 0), float(score), self.name)
            for row, score in zip(rows, scores, strict=True)
        ]
        return sorted(found, key=lambda candidate: (-candidate.score, candidate.chunk_key))
