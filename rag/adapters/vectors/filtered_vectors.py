"""Nearest vectors among those that may be seen, without asking the store to filter.

A metadata filter costs the store many times an unfiltered query (docs/benchmarks.md), so the
filter is decided by the catalog, in one of two ways:

- few chunks pass: an exact scan over their vectors, which the catalog keeps;
- many pass: the store's nearest, asked for as many more as the filter lets through fewer, and
  what does not pass is dropped. The best that pass are then the best there are. Should too few
  remain, because the question is nearest to what may not be seen, the scan answers after all.
"""

from __future__ import annotations

from math import ceil

from rag.adapters.catalog.exact_vectors import ExactVectors, Passing
from rag.domain.search import Filters
from rag.indexing.chunk_keys import version_of
from rag.ports import NearestVectors, Vector, VectorFilter

_EVERYTHING = VectorFilter(None, Filters())
# Up to here a scan is quicker than fetching more from the store (docs/benchmarks.md).
MAX_SCANNED = 40_000
_MARGIN = 1.3


class FilteredVectors:
    """A store behind a filter that the catalog decides."""

    def __init__(self, store: NearestVectors, catalog: ExactVectors) -> None:
        self._store = store
        self._catalog = catalog

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        """Keys with their cosine similarity, best first."""
        if where == _EVERYTHING:
            return self._store.nearest(vector, limit, where)
        passing = self._catalog.passing(where)
        if passing.chunks > MAX_SCANNED:
            found = self._over_fetched(vector, limit, passing)
            if len(found) == limit:
                return found
        return self._catalog.nearest(vector, limit, where)

    def _over_fetched(
        self, vector: Vector[float], limit: int, passing: Passing
    ) -> list[tuple[int, float]]:
        stored = self._catalog.passing(_EVERYTHING).chunks
        wanted = ceil(limit * _MARGIN * max(1.0, stored / passing.chunks))
        near = self._store.nearest(vector, min(wanted, stored), _EVERYTHING)
        allowed = _among(passing, [version_of(key) for key, _ in near])
        kept = [found for found, passes in zip(near, allowed, strict=True) if passes]
        return kept[:limit]


def _among(passing: Passing, versions: list[int]) -> list[bool]:
    import numpy as np

    return [bool(passes) for passes in np.isin(versions, passing.versions)]
