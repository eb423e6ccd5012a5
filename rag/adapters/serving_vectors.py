"""The vectors of whichever generation serves, so that a promotion needs no restart."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rag.adapters.catalog.generations import Generation, Generations
from rag.errors import GenerationMismatch
from rag.ports import NearestVectors, Vector, VectorFilter


class ServingVectors:
    """Opens the serving generation's store at first use, and again when another one serves.

    Raises GenerationMismatch when the questions' model is not the generation's.
    """

    def __init__(
        self,
        generations: Generations,
        open_store: Callable[[Generation], NearestVectors],
        model: str,
    ) -> None:
        self._generations = generations
        self._open_store = open_store
        self._model = model
        self._lock = threading.Lock()
        self._opened: tuple[int, NearestVectors] | None = None

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        """Keys with their cosine similarity, best first."""
        return self._store().nearest(vector, limit, where)

    def _store(self) -> NearestVectors:
        generation = self._generations.serving()
        if generation.model != self._model:
            raise GenerationMismatch(
                f"the index was built with the embedding model {generation.model}, and "
                f"{self._model} is configured: run `runbook ingest --full`, or set "
                "embedding.model back"
            )
        with self._lock:
            if self._opened is None or self._opened[0] != generation.id:
                self._opened = (generation.id, self._open_store(generation))
            return self._opened[1]
