"""An embedder that caches its results: a suite embeds the same texts many times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from rag.ports import Embedder, TokenCounterSource, Vector

Result = TypeVar("Result")


class CachingEmbedder:
    """Caches vectors and token counts in memory for its own lifetime."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._vectors: dict[str, Vector[float]] = {}
        self._counts: dict[str, int] = {}

    @property
    def fingerprint(self) -> str:
        return self._inner.fingerprint

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        return _cached(texts, self._vectors, self._inner.embed_documents)

    def embed_question(self, question: str) -> Vector[float]:
        return self._inner.embed_question(question)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return _cached(texts, self._counts, self._inner.count_tokens)

    @property
    def token_counter(self) -> TokenCounterSource:
        return self._inner.token_counter


def _cached(
    texts: Sequence[str],
    known: dict[str, Result],
    compute: Callable[[Sequence[str]], list[Result]],
) -> list[Result]:
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        known.update(zip(new, compute(new), strict=True))
    return [known[text] for text in texts]
