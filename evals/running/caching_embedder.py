"""An embedding model that is asked once for each text: a suite meets the same ones many times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from rag.ports import Embedder, Vector

Told = TypeVar("Told")


class RememberingEmbedder:
    """Gives what the model gave, and remembers it for as long as it lives itself."""

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
        return _told(texts, self._vectors, self._inner.embed_documents)

    def embed_question(self, question: str) -> Vector[float]:
        return self._inner.embed_question(question)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return _told(texts, self._counts, self._inner.count_tokens)


def _told(
    texts: Sequence[str], known: dict[str, Told], ask: Callable[[Sequence[str]], list[Told]]
) -> list[Told]:
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        known.update(zip(new, ask(new), strict=True))
    return [known[text] for text in texts]
