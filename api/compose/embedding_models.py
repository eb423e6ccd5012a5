"""The embedding models that generations are built with and asked with, each loaded once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rag.domain.generations import Generation, Recipe
from rag.errors import GenerationMismatch
from rag.ports import Embedder


class EmbeddingModels:
    """`configured` is the model of `recipe`; `load` makes any other, at its first use."""

    def __init__(
        self, configured: Embedder, recipe: Recipe, load: Callable[[Recipe], Embedder]
    ) -> None:
        self._load = load
        self._lock = threading.Lock()
        self.configured = configured
        self._made = {_key(recipe): configured}

    def of(self, generation: Generation) -> Embedder:
        """Raises GenerationMismatch when it is not known how the generation was built."""
        if generation.model == self.configured.fingerprint:
            return self.configured
        if generation.recipe is None:
            raise GenerationMismatch(
                f"the index was built with the embedding model {generation.model}, and "
                f"{self.configured.fingerprint} is configured: run `runbook ingest --full`, or "
                "set embedding.model back"
            )
        return self.named(generation.recipe)

    def named(self, recipe: Recipe) -> Embedder:
        """The model of a recipe."""
        with self._lock:
            if _key(recipe) not in self._made:
                self._made[_key(recipe)] = self._load(recipe)
            return self._made[_key(recipe)]


def _key(recipe: Recipe) -> tuple[str, int]:
    return recipe.model, recipe.model_tokens
