"""The whole engine over a real catalog, with whatever embedder and vectors a test has."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.document_features import DocumentFeatures
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.lexical import DocumentRetriever, IdentifierRetriever, LexicalRetriever
from rag.adapters.catalog.readable_words import CatalogWords
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.prompt_files import PromptFiles
from rag.adapters.vectors.dense import DenseRetriever
from rag.adapters.vectors.serving_vectors import ServingPageVectors
from rag.answering.answering import Answerer
from rag.ports import AnswerObserver, Embedder, NearestVectors, Reranker, SearchObserver
from rag.retrieval.assessment import Assessor
from rag.retrieval.search import SearchEngine
from rag.retrieval.spelling import SpellingCorrector
from rag.retrieval.synonyms import Synonyms


def engine_over(
    database: Database,
    embedder: Embedder,
    vectors: NearestVectors,
    observer: SearchObserver,
    today: date = date(2026, 6, 1),
    synonyms: Synonyms | None = None,
    reranker: Reranker | None = None,
) -> SearchEngine:
    """A search engine with every signal that the service uses."""
    reader, found, facts = (
        CatalogReader(database),
        synonyms or Synonyms(),
        DocumentFeatures(database),
    )
    return SearchEngine(
        [
            DenseRetriever(embedder, vectors, reader.readable_sets),
            LexicalRetriever(database, found),
            DocumentRetriever(database, found),
            IdentifierRetriever(database),
        ],
        [ServingPageVectors(facts, Generations(database), lambda _: embedder)],
        facts,
        reader,
        observer,
        lambda: today,
        assessor_over(database, embedder),
        reranker=reranker,
        spelling=SpellingCorrector(CatalogWords(database), lambda _: False),
    )


def assessor_over(database: Database, embedder: Embedder) -> Assessor:
    """By the confidence model of the embedder, if one was fitted for it."""
    return Assessor(CatalogWords(database), lambda: embedder.fingerprint.partition("@")[0])


def answerer_over(
    engine: SearchEngine,
    reader: CatalogReader,
    embedder: Embedder,
    observer: AnswerObserver,
    state_folder: Path,
) -> Answerer:
    """Answers that quote, with the prompts that ship."""
    return Answerer(engine, reader, embedder, PromptFiles(state_folder), observer)
