"""Nearest vectors behind a filter: what an exact scan finds, and nothing that may not be seen."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.access.acl import access_filter
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.writer import CatalogWriter
from rag.adapters.vectors import filtered_vectors
from rag.adapters.vectors.chroma import ChromaVectorStore
from rag.adapters.vectors.filtered_vectors import FilteredVectors
from rag.domain.access import Principal
from rag.domain.documents import Chunk, LineSpan
from rag.domain.search import Filters
from rag.indexing.chunk_keys import version_of
from rag.indexing.write_protocol import Draft, IndexWriter
from rag.ports import Vector, VectorFilter
from tests.catalogs import open_catalog
from tests.fakes import HashingEmbedder, document

PAGES = 300
CHUNKS = 8
DIMENSION = 32
GROUPS = {"all": 1.0, "half": 0.5, "few": 0.05, "one": 0.005}


class Clustered:
    """A real store and catalog over clustered vectors; what may be read follows the clusters."""

    def __init__(self, folder: Path) -> None:
        self.database = open_catalog(folder / "catalog.db")
        generations = Generations(self.database)
        self.generation = generations.create("f", HashingEmbedder.fingerprint, DIMENSION)
        generations.promote(self.generation)
        self.store = ChromaVectorStore.embedded(folder / "vectors", "clustered")
        catalog = CatalogWriter(self.database, self.generation)
        self.index = IndexWriter(catalog, self.store, HashingEmbedder())
        self.rng = np.random.default_rng(5)
        self.centres = self.rng.normal(size=(20, DIMENSION))
        for number in range(PAGES):
            acl = {name for name, share in GROUPS.items() if number < share * PAGES}
            self.put(number, frozenset(acl))
        self.exact = ExactVectors(self.database, self.generation)
        self.filtered = FilteredVectors(self.store, self.exact)

    def put(self, number: int, acl: frozenset[str]) -> None:
        page = replace(document(f"{number:03}.md"), acl=acl)
        chunks = tuple(
            Chunk(page.id, at, f"{number} {at} {self.rng.random()}", (), LineSpan(1, 1))
            for at in range(CHUNKS)
        )
        vectors = tuple(self.near(number % 20) for _ in chunks)
        self.index.replace([Draft(page, chunks, vectors)])

    def near(self, cluster: int) -> Vector[float]:
        made = self.centres[cluster] + self.rng.normal(scale=0.3, size=DIMENSION)
        return array("f", (made / np.linalg.norm(made)).astype("float32").tobytes())

    def where(self, group: str, filters: Filters | None = None) -> VectorFilter:
        principal = Principal(group, frozenset({group}), administrator=group == "admin")
        sets = CatalogReader(self.database).readable_sets(access_filter(principal))
        return VectorFilter(sets, filters or Filters())

    def allowed(self, where: VectorFilter) -> set[int]:
        return set(self.exact.passing(where).versions.tolist())


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clustered]:
    made = Clustered(tmp_path_factory.mktemp("clustered"))
    yield made
    made.store.close()
    made.database.close()


@pytest.mark.parametrize("scanned_at_most", [0, 500, 10_000])
@pytest.mark.parametrize("group", ["admin", *GROUPS])
def test_recall_is_that_of_an_exact_scan(
    clustered: Clustered, group: str, scanned_at_most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtered_vectors, "MAX_SCANNED", scanned_at_most)
    where = clustered.where(group)
    found = expected = 0
    for turn in range(40):
        asked = clustered.near(turn % 20)
        best = {key for key, _ in clustered.exact.nearest(asked, 10, where)}
        near = clustered.filtered.nearest(asked, 50, where)
        allowed = clustered.allowed(where)
        assert all(version_of(key) in allowed for key, _ in near)
        assert len(near) == min(50, clustered.exact.passing(where).chunks)
        assert [score for _, score in near] == sorted((s for _, s in near), reverse=True)
        found += len(best & {key for key, _ in near})
        expected += len(best)
    assert found >= 0.98 * expected


def test_no_set_lets_nothing_through(clustered: Clustered) -> None:
    where = VectorFilter(frozenset(), Filters())
    assert clustered.filtered.nearest(clustered.near(0), 10, where) == []


def test_a_change_counts_from_its_commit_on(clustered: Clustered) -> None:
    where = clustered.where("one")
    before = clustered.allowed(where)
    clustered.put(299, frozenset({"one"}))
    where = clustered.where("one")
    assert len(clustered.allowed(where)) == len(before) + 1
    asked = clustered.near(299 % 20)
    keys = {version_of(key) for key, _ in clustered.filtered.nearest(asked, 50, where)}
    assert keys - before
    clustered.put(299, frozenset())
    assert clustered.allowed(where) == before
    found = {version_of(key) for key, _ in clustered.filtered.nearest(asked, 50, where)}
    assert found <= before


def test_filters_narrow_like_the_catalog(clustered: Clustered) -> None:
    nothing = clustered.where("half", Filters(source="elsewhere"))
    assert clustered.filtered.nearest(clustered.near(0), 10, nothing) == []
    everything = clustered.where("half", Filters(source="s"))
    assert clustered.filtered.nearest(clustered.near(0), 10, everything)
