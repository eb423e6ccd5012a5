"""The dense retriever: the question's vector against the store's, filtered before the cut."""

from __future__ import annotations

from collections.abc import Callable

from rag.access.acl import AccessFilter
from rag.domain.search import Candidate, Filters
from rag.ports import Embedder, NearestVectors, Question, VectorFilter


class DenseRetriever:
    """Cosine similarity between the question and each chunk with its title and heading path."""

    name = "dense"

    def __init__(
        self,
        embedder: Embedder,
        vectors: NearestVectors,
        readable_sets: Callable[[AccessFilter], frozenset[int] | None],
    ) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._readable_sets = readable_sets

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]:
        where = VectorFilter(self._readable_sets(access), filters)
        if where.acl_sets is not None and not where.acl_sets:
            return []
        found = self._vectors.nearest(question.vector(self._embedder), limit, where)
        return [Candidate(key, score, self.name) for key, score in found]
