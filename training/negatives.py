"""Hard negatives: sections that the base model takes for the answer and that are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from training.dataset import Dataset, Section, shingles

_LOOKED_AT = 40
_KEPT = 12
# A section nearer to the gold section than this says the same, and may answer as well.
_TOO_ALIKE = 0.92
_SHARED_SHINGLES = 0.3


def mined(
    dataset: Dataset,
    section_vectors: dict[str, np.ndarray[Any, Any]],
    query_vectors: Sequence[np.ndarray[Any, Any]],
) -> dict[str, list[str]]:
    """For each section with queries, ids of other documents' sections that its queries find.

    Those of the same document, and near-duplicates by text or vector, are left out.
    """
    ids = list(section_vectors)
    matrix = np.stack([section_vectors[one] for one in ids])
    texts = {one: shingles(dataset.sections[one].text) for one in ids}
    by_section: dict[str, list[np.ndarray[Any, Any]]] = defaultdict(list)
    for query, vector in zip(dataset.queries, query_vectors, strict=True):
        by_section[query.section].append(vector)
    found = {}
    for gold, vectors in by_section.items():
        scores = np.max(np.stack(vectors) @ matrix.T, axis=0)
        alike = matrix @ section_vectors[gold]
        found[gold] = [
            ids[place]
            for place in np.argsort(-scores)[:_LOOKED_AT]
            if alike[place] < _TOO_ALIKE
            and _is_negative(dataset.sections[gold], dataset.sections[ids[place]], texts)
        ][:_KEPT]
    return found


def _is_negative(gold: Section, other: Section, texts: dict[str, frozenset[str]]) -> bool:
    if (gold.source, gold.path) == (other.source, other.path):
        return False
    shared = texts[gold.id] & texts[other.id]
    return len(shared) < _SHARED_SHINGLES * min(len(texts[gold.id]), len(texts[other.id]))
