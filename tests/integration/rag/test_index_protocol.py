"""The write protocol on a real catalog: one commit a document, and repair after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.adapters.catalog.document_features import DocumentFeatures
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.writer import CatalogWriter
from rag.adapters.vectors.dense import DenseRetriever
from rag.domain.access import Principal
from rag.domain.documents import document_id
from rag.domain.generations import Generation
from rag.domain.search import Mode, SearchQuery
from rag.indexing.write_protocol import IndexWriter
from rag.retrieval.search import SearchEngine
from tests.catalogs import open_catalog
from tests.engine import assessor_over, engine_over
from tests.fakes import CountingObserver, HashingEmbedder, MemoryVectors, document, index_text

ADMINISTRATOR = Principal("root", administrator=True)
READER = Principal("reader", frozenset({"team:a"}))


class Bench:
    """A whole engine on a real catalog, with vectors in memory."""

    def __init__(self, folder: Path) -> None:
        self.database = open_catalog(folder / "catalog.db")
        generations = Generations(self.database)
        self.generation = _first_generation(generations)
        self.catalog = CatalogWriter(self.database, self.generation)
        self.vectors = MemoryVectors()
        self.embedder = HashingEmbedder()
        self.index = IndexWriter(self.catalog, self.vectors, self.embedder)
        self.reader = CatalogReader(self.database)
        self.observer = CountingObserver()
        self.engine = engine_over(self.database, self.embedder, self.vectors, self.observer)

    def found(self, question: str, principal: Principal, mode: Mode = Mode.HYBRID) -> list[str]:
        hits = self.engine.search(SearchQuery(question, principal, mode=mode)).hits
        return [hit.document.path for hit in hits]

    def texts(self, question: str) -> list[str]:
        hits = self.engine.search(SearchQuery(question, ADMINISTRATOR)).hits
        return sorted(hit.chunk.text for hit in hits)


def _first_generation(generations: Generations) -> Generation:
    made = generations.create("f", HashingEmbedder.fingerprint, HashingEmbedder.dimension)
    generations.promote(made)
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def test_a_new_version_takes_the_place_of_the_old_one_whole(bench: Bench) -> None:
    index_text(bench.index, document("a.md"), "restart the broker", "check the broker lag")
    index_text(bench.index, document("a.md"), "drain the broker")
    assert bench.texts("broker") == ["drain the broker"]
    assert bench.vectors.count() == bench.catalog.active_chunk_count() == 1


def test_a_deleted_document_is_not_found(bench: Bench) -> None:
    index_text(bench.index, document("a.md"), "restart the broker")
    bench.index.delete("s", ["a.md"])
    assert bench.found("broker", ADMINISTRATOR) == []
    assert bench.vectors.count() == 0


@pytest.mark.parametrize("step", ["add", "delete"])
def test_a_crash_between_two_steps_is_repaired_by_the_next_start(bench: Bench, step: str) -> None:
    index_text(bench.index, document("a.md"), "restart the broker")
    bench.vectors.fail_on = step
    with pytest.raises(RuntimeError):
        index_text(bench.index, document("a.md"), "drain the broker")
    bench.vectors.fail_on = None
    served = ["restart the broker"] if step == "add" else ["drain the broker"]
    assert bench.texts("broker") == served
    bench.index.repair()
    assert bench.texts("broker") == served
    assert bench.vectors.count() == bench.catalog.active_chunk_count() == 1
    assert bench.catalog.unserved_versions() == []


def test_lost_vectors_are_rebuilt_from_the_catalog_with_no_model_run(bench: Bench) -> None:
    index_text(bench.index, document("a.md"), "restart the broker", "check the lag")
    before = dict(bench.vectors.entries)
    bench.embedder.embedded.clear()
    bench.vectors.entries.clear()
    bench.index.repair()
    assert bench.vectors.entries == before
    assert bench.embedder.embedded == []


def test_a_text_that_was_embedded_before_is_not_embedded_again(bench: Bench) -> None:
    index_text(bench.index, document("a.md"), "restart the broker", "check the lag")
    bench.embedder.embedded.clear()
    index_text(bench.index, document("b.md"), "restart the broker", "something new")
    assert bench.embedder.embedded == ["something new"]


def test_a_change_of_acl_is_effective_at_once_and_runs_no_model(bench: Bench) -> None:
    index_text(bench.index, document("a.md", ["team:a"]), "restart the broker")
    assert bench.found("broker", READER) == ["a.md"]
    bench.embedder.embedded.clear()
    draft = bench.catalog.draft_of(document_id("s", "a.md"))
    assert draft is not None
    narrowed = replace(draft.document, acl=frozenset({"team:b"}))
    bench.index.replace([replace(draft, document=narrowed)])
    assert bench.found("broker", READER) == []
    assert bench.embedder.embedded == []


@pytest.mark.parametrize("mode", list(Mode))
def test_the_second_check_holds_when_a_retriever_lets_everything_through(
    bench: Bench, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_text(bench.index, document("open.md", ["team:a"]), "restart the broker")
    index_text(bench.index, document("secret.md", ["team:b"]), "restart the secret broker")
    monkeypatch.setattr(bench.reader, "readable_sets", lambda access: None)
    leaky = DenseRetriever(bench.embedder, bench.vectors, lambda access: None)
    engine = SearchEngine(
        [leaky],
        [],
        DocumentFeatures(bench.database),
        bench.reader,
        bench.observer,
        lambda: date(2026, 6, 1),
        assessor_over(bench.database, bench.embedder),
    )
    hits = engine.search(SearchQuery("secret broker", READER, mode=Mode.DENSE)).hits
    assert [hit.document.path for hit in hits] == ["open.md"]
    assert bench.observer.refusals == 1
    assert bench.found("secret broker", READER, mode) == ["open.md"]


def test_a_principal_without_groups_reaches_no_store(bench: Bench) -> None:
    index_text(bench.index, document("a.md"), "restart the broker")
    bench.database.close()

    def refuse(*_: object) -> None:
        raise AssertionError("a store was asked")

    bench.vectors.nearest = refuse  # type: ignore[method-assign,assignment]  # a store that tells
    assert bench.engine.search(SearchQuery("broker", Principal("nobody"))).no_result


def test_an_error_of_the_catalog_carries_no_text(bench: Bench) -> None:
    from rag.errors import StoreError

    with bench.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE lexical_1")
    with pytest.raises(StoreError) as caught:
        index_text(bench.index, document("a.md"), "the very secret sentence")
    assert "very secret" not in str(caught.value)
