"""A catalog of a few small documents, with an engine over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.writer import CatalogWriter
from rag.domain.access import Principal
from rag.domain.documents import Document, Metadata
from rag.domain.search import Mode, SearchQuery, SearchResult
from rag.indexing.write_protocol import IndexWriter
from rag.ports import Reranker
from rag.retrieval.search import SearchEngine
from rag.retrieval.synonyms import Synonyms
from tests.catalogs import open_catalog
from tests.engine import engine_over
from tests.fakes import CountingObserver, HashingEmbedder, MemoryVectors, document, index_text

READER = Principal("reader", frozenset({"team:a"}))
TODAY = date(2026, 6, 1)


class Shelf:
    """Pages in a catalog, with an engine over them."""

    def __init__(self, folder: Path) -> None:
        self.database = open_catalog(folder / "catalog.db")
        generations = Generations(self.database)
        made = generations.create("f", HashingEmbedder.fingerprint, HashingEmbedder.dimension)
        generations.promote(made)
        self.embedder, self.vectors = HashingEmbedder(), MemoryVectors()
        self.index = IndexWriter(CatalogWriter(self.database, made), self.vectors, self.embedder)

    def put(self, path: str, *passages: str, acl: str = "public", **about: object) -> Document:
        base = document(path, [acl])
        fields = {"title": path, **about}
        page = replace(base, metadata=Metadata(**fields))  # type: ignore[arg-type]
        index_text(self.index, page, *passages)
        return page

    def engine(
        self, synonyms: Synonyms | None = None, reranker: Reranker | None = None
    ) -> SearchEngine:
        observer = CountingObserver()
        return engine_over(
            self.database, self.embedder, self.vectors, observer, TODAY, synonyms, reranker
        )

    def ask(self, question: str, mode: Mode = Mode.HYBRID, k: int = 10) -> SearchResult:
        return self.engine().search(SearchQuery(question, READER, mode=mode, k=k))
