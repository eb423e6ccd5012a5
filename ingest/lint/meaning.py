"""Pages that mean nearly the same, found by an embedding model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.lint.shingles import Pair
from rag.ports import Embedder

# Some 250 tokens of prose: what one passage of the index holds.
_PART_CHARS = 1000
_ROWS = 512


def near_pairs(texts: Sequence[str], embedder: Embedder, min_cosine: float) -> Mapping[Pair, float]:
    """Pairs of texts whose mean vectors have a cosine of `min_cosine` or more."""
    import numpy as np

    if len(texts) < 2:
        return {}
    parts = [_parts(text) for text in texts]
    vectors = iter(embedder.embed_documents([part for inside in parts for part in inside]))
    means = np.array([np.mean([next(vectors) for _ in inside], axis=0) for inside in parts])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    found: dict[Pair, float] = {}
    for first in range(0, len(means), _ROWS):
        scores = means[first : first + _ROWS] @ means.T
        for row, column in np.argwhere(scores >= min_cosine).tolist():
            if first + row < column:
                found[first + row, column] = float(scores[row, column])
    return found


def _parts(text: str) -> list[str]:
    return [text[at : at + _PART_CHARS] for at in range(0, len(text), _PART_CHARS)] or [text]
