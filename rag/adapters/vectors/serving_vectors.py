"""Dense search over whichever generation serves, so that a promotion needs no restart.

A question's vector and the vectors that it is compared with always come from one generation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.access.acl import AccessFilter
from rag.adapters.catalog.document_features import DocumentFeatures
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.vectors.dense import DenseRetriever
from rag.domain.generations import Generation
from rag.domain.search import Candidate, Filters
from rag.indexing.chunk_keys import chunk_key
from rag.ports import Embedder, NearestVectors, Question


@dataclass(frozen=True, slots=True)
class _Opened:
    generation: int
    embedder: Embedder
    vectors: NearestVectors


class ServingDense:
    """The dense retriever; opens the serving generation's store when another one serves.

    Raises GenerationMismatch when the model that the generation was built with is not known.
    """

    name = DenseRetriever.name

    def __init__(
        self,
        generations: Generations,
        open_store: Callable[[Generation], NearestVectors],
        embedder_of: Callable[[Generation], Embedder],
        readable_sets: Callable[[AccessFilter], frozenset[int] | None],
    ) -> None:
        self._generations = generations
        self._open_store = open_store
        self._embedder_of = embedder_of
        self._readable_sets = readable_sets
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]:
        now = self._now()
        dense = DenseRetriever(now.embedder, now.vectors, self._readable_sets)
        return dense.retrieve(question, access=access, filters=filters, limit=limit)

    def _now(self) -> _Opened:
        generation = self._generations.serving()
        with self._lock:
            if self._opened is None or self._opened.generation != generation.id:
                self._opened = _Opened(
                    generation.id, self._embedder_of(generation), self._open_store(generation)
                )
            return self._opened


class ServingPageVectors:
    """Scores pages by the cosine of the question and the page as a whole."""

    name = "page_vectors"

    def __init__(
        self,
        facts: DocumentFeatures,
        generations: Generations,
        embedder_of: Callable[[Generation], Embedder],
    ) -> None:
        self._facts = facts
        self._generations = generations
        self._embedder_of = embedder_of

    def score(self, question: Question, versions: Sequence[int]) -> list[Candidate]:
        """Every page of the serving generation that has a vector, best first, ties by version."""
        import numpy as np

        serving = self._generations.serving()
        found = self._facts.vectors(sorted(versions), serving.id)
        if not found:
            return []
        asked = np.asarray(question.vector(self._embedder_of(serving)), dtype=np.float32)
        matrix = np.frombuffer(b"".join(found.values()), dtype="<f4").reshape(len(found), -1)
        scores = matrix @ asked
        keys = [chunk_key(version, 0) for version in found]
        return [
            Candidate(keys[place], float(scores[place]), self.name)
            for place in np.argsort(-scores, kind="stable").tolist()
        ]
