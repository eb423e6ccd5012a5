"""Answers over a real catalog, with pages that are parsed as files are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingest.chunking.chunker import Chunker
from ingest.reading.acl_rules import AclRules
from ingest.reading.parse import RawFile, parse
from rag.adapters.catalog.alert_claims import CatalogClaims
from rag.adapters.catalog.feedback import FeedbackStore
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.writer import CatalogWriter
from rag.adapters.prompt_files import PromptFiles
from rag.alerts.matching import AlertMatcher
from rag.answering.answering import Answerer, AnswerSettings
from rag.domain.access import Principal
from rag.indexing.write_protocol import Draft, IndexWriter
from rag.ports import AnswerOutcome, Generator, ModelCall
from rag.retrieval.search import SearchEngine
from tests.catalogs import open_catalog
from tests.engine import engine_over
from tests.fakes import CountingObserver, HashingEmbedder, MemoryVectors

PAYMENTS = Principal("one of payments", frozenset({"team:payments"}))
TODAY = date(2026, 9, 1)


class WideEmbedder(HashingEmbedder):
    """Has room for each word, so that texts without a word in common have nothing in common."""

    dimension = 4096


@dataclass
class AnswersSeen:
    """Remembers what an answerer told it."""

    calls: list[ModelCall] = field(default_factory=list)
    outcomes: list[AnswerOutcome] = field(default_factory=list)

    def model_called(self, call: ModelCall) -> None:
        self.calls.append(call)

    def answer_given(self, outcome: AnswerOutcome) -> None:
        self.outcomes.append(outcome)


class Desk:
    """A catalog in a folder, pages put into it, and answerers over it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = open_catalog(folder / "catalog.db")
        generations = Generations(self._database)
        self._embedder, self._vectors = WideEmbedder(), MemoryVectors()
        generation = generations.create("f", self._embedder.fingerprint, self._embedder.dimension)
        generations.promote(generation)
        self._index = IndexWriter(
            CatalogWriter(self._database, generation), self._vectors, self._embedder
        )
        self.observer = AnswersSeen()

    def page(
        self,
        path: str,
        text: str,
        acl: Sequence[str] = ("team:payments",),
        url: str | None = None,
    ) -> None:
        """Index a page as `runbook ingest` would index its file."""
        rules = AclRules(self._folder, frozenset(acl))
        raw = RawFile("s", path, text.encode(), "r1", datetime(2026, 8, 1, tzinfo=UTC))
        document, chunks = parse(raw, rules.resolve, Chunker(self._embedder.count_tokens), url)[:2]
        self._index.replace([Draft(document, chunks, tuple(self._index.embed(chunks)))])

    def engine(self) -> SearchEngine:
        return engine_over(self._database, self._embedder, self._vectors, CountingObserver(), TODAY)

    def reader(self) -> CatalogReader:
        return CatalogReader(self._database)

    def matcher(self) -> AlertMatcher:
        return AlertMatcher(
            self.engine(),
            CatalogClaims(self._database),
            self.reader(),
            FeedbackStore(self._database),
            lambda: TODAY,
            timedelta(days=180),
        )

    def answerer(
        self, generator: Generator | None = None, settings: AnswerSettings | None = None
    ) -> Answerer:
        return Answerer(
            self.engine(),
            self.reader(),
            self._embedder,
            PromptFiles(self._folder),
            self.observer,
            settings,
            generator,
        )

    def close(self) -> None:
        self._database.close()
