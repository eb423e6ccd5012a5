"""The composition of the read path: the retrievers of the serving generation behind one engine.

`runbook search` starts with this alone, and loads no more than it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import resources

from api.compose import embedding
from api.compose.commands import team_commands
from api.compose.cores import cores_of
from api.compose.embedding_models import EmbeddingModels
from api.compose.local import LOCAL_ADMINISTRATOR, catalog_path
from api.compose.sites import site_rules
from api.settings import Settings
from rag.access.acl import access_filter
from rag.adapters.catalog.alert_claims import CatalogClaims
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.document_features import DocumentFeatures
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.catalog.feedback import FeedbackStore
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.lexical import DocumentRetriever, IdentifierRetriever, LexicalRetriever
from rag.adapters.catalog.readable_words import CatalogWords
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.cross_encoder import CrossEncoderReranker
from rag.adapters.vectors.serving_vectors import ServingDense, ServingPageVectors
from rag.alerts.matching import AlertMatcher
from rag.domain.access import Principal
from rag.domain.generations import Generation, Recipe
from rag.domain.search import Filters, Mode
from rag.errors import ConfigurationError
from rag.ports import (
    Embedder,
    NearestVectors,
    Question,
    Reranker,
    Retriever,
    SearchObserver,
    Stage,
)
from rag.retrieval.assessment import Assessor
from rag.retrieval.empty_results import Facets
from rag.retrieval.search import SearchEngine, SearchSettings
from rag.retrieval.spelling import SpellingCorrector
from rag.retrieval.synonyms import Synonyms, parse_synonyms


@dataclass(frozen=True, slots=True)
class SearchPath:
    """The engine, and what it reads from."""

    engine: SearchEngine
    reader: CatalogReader
    matcher: AlertMatcher
    generations: Generations
    retrievers: Sequence[Retriever]

    def warm(self) -> None:
        """Open the stores and the model. Raises IndexMissing when nothing is indexed."""
        everything = access_filter(LOCAL_ADMINISTRATOR)
        for retriever in self.retrievers:
            retriever.retrieve(Question("warm up"), access=everything, filters=Filters(), limit=1)


def make_search_path(
    settings: Settings,
    database: Database,
    models: EmbeddingModels,
    open_store: Callable[[Generation], NearestVectors],
    observer: SearchObserver,
    clock: Callable[[], date],
) -> SearchPath:
    """Searches in one catalog; `open_store` gives the vectors of a generation."""
    generations, reader = Generations(database), CatalogReader(database)
    synonyms, facts = read_synonyms(settings), DocumentFeatures(database)
    retrievers: list[Retriever] = [
        ServingDense(generations, open_store, models.of, reader.readable_sets),
        LexicalRetriever(database, synonyms),
        DocumentRetriever(database, synonyms),
        IdentifierRetriever(database),
    ]
    engine = SearchEngine(
        retrievers,
        [ServingPageVectors(facts, generations, models.of)],
        facts,
        reader,
        observer,
        clock,
        Assessor(CatalogWords(database), lambda: generations.serving().model.partition("@")[0]),
        SearchSettings(
            candidates=settings.search.candidates,
            reranked=settings.rerank.passages,
            review_every=settings.search.review_every,
            weights=settings.search.weights,
            concurrent=cores_of(settings),
            sites={one.name: rules for one in settings.sources if (rules := site_rules(one))},
        ),
        make_reranker(settings),
        SpellingCorrector(CatalogWords(database), lambda word: _is_one_token(models, word)),
    )
    matcher = AlertMatcher(
        engine,
        CatalogClaims(database),
        reader,
        FeedbackStore(database),
        clock,
        settings.search.review_every,
    )
    return SearchPath(engine, reader, matcher, generations, retrievers)


@contextmanager
def open_search(settings: Settings, embedder: Embedder) -> Iterator[SearchEngine]:
    """Search for one command, which only reads the catalog: another process may own the index."""
    # The database alone: the other stores of a catalog would be imported for nothing.
    with closing(Database.open(catalog_path(settings))) as database:
        path = make_search_path(
            settings,
            database,
            make_models(settings, embedder),
            lambda generation: ExactVectors(database, generation),
            _Unobserved(),
            today,
        )
        yield path.engine


def readable_facets(settings: Settings, principal: Principal) -> Facets:
    """The sources and services of what the principal may read."""
    with closing(Database.open(catalog_path(settings))) as database:
        return CatalogReader(database).facets(access=access_filter(principal))


def _is_one_token(models: EmbeddingModels, word: str) -> bool:
    """Whether the model's vocabulary has a word whole, as it has the usual words of English."""
    alone, none = models.configured.count_tokens([word, ""])
    return alone - none == 1


class _Unobserved:
    """The observer of one command, whose metrics nobody scrapes."""

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None: ...

    def refused(self, count: int) -> None: ...


def make_models(settings: Settings, embedder: Embedder | None = None) -> EmbeddingModels:
    """The configured model, and whichever other a generation was built with."""

    def load(recipe: Recipe) -> Embedder:
        chosen = {"model": recipe.model, "max_tokens": recipe.model_tokens}
        other = settings.embedding.model_copy(update=chosen)
        return embedding.make_embedder(settings.model_copy(update={"embedding": other}))

    return EmbeddingModels(
        embedder or embedding.make_embedder(settings), make_recipe(settings), load
    )


def make_recipe(settings: Settings) -> Recipe:
    """What a generation is built with by these settings."""
    from ingest.chunking.chunker import CHUNKER_VERSION
    from rag.command_risk.table_file import fingerprint

    model, chunking = settings.embedding, settings.chunking
    return Recipe(
        model.model,
        model.max_tokens,
        chunking.max_tokens,
        chunking.min_tokens,
        CHUNKER_VERSION,
        commands=fingerprint(team_commands(settings)),
        redact_secrets=settings.ingest.redact_secrets,
    )


def make_reranker(settings: Settings) -> Reranker | None:
    """The configured reranker, loaded at its first use; None when none is configured."""
    chosen = settings.rerank
    if not chosen.model:
        return None
    return CrossEncoderReranker(chosen.model, chosen.max_tokens, chosen.allow_download)


def read_synonyms(settings: Settings) -> Synonyms:
    """The team's synonyms, else those that ship. Raises ConfigurationError."""
    if settings.search.synonyms is None:
        shipped = resources.files("rag.retrieval").joinpath("synonyms.txt")
        return parse_synonyms(shipped.read_text(encoding="utf-8").splitlines(), "synonyms.txt")
    path = settings.directory / settings.search.synonyms
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error}; mend search.synonyms"
        ) from error
    return parse_synonyms(lines, str(path))


def utc_now() -> datetime:
    """The current time, aware."""
    return datetime.now(UTC)


def today() -> date:
    """Today in UTC, for freshness."""
    return datetime.now(UTC).date()
