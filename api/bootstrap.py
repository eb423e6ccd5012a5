"""The composition root: the only place where settings become objects.

Heavy libraries load when what needs them is first used, not here.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from api import embedding
from api.answer_path import make_answerer
from api.audit import AuditLog, NoLines, open_audit
from api.identity.configured import authenticator
from api.limits import Limits
from api.metrics import Metrics
from api.models import EmbeddingModels
from api.observing import Observers, tracing_to
from api.request_memory import RequestMemory, request_memory
from api.services import Services
from api.settings import Settings, SourceSettings
from api.vector_stores import ChromaStores
from api.webhooks import Webhooks
from rag.acl import access_filter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.catalog.generations import Generation, Generations, Recipe
from rag.adapters.catalog.jobs import JobStore
from rag.adapters.catalog.keys import KeyStore
from rag.adapters.catalog.lexical import IdentifierRetriever, LexicalRetriever, PageRetriever
from rag.adapters.catalog.page_facts import PageFacts
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.cross_encoder import CrossEncoderReranker
from rag.adapters.filtered_vectors import FilteredVectors
from rag.adapters.index_lock import IndexLock
from rag.adapters.serving_vectors import ServingDense, ServingPageVectors
from rag.domain import Filters, Principal
from rag.errors import ConfigurationError
from rag.ports import Embedder, NearestVectors, Reranker, Retriever
from rag.search import SearchEngine, SearchSettings
from rag.synonyms import Synonyms, parse_synonyms

if TYPE_CHECKING:
    from api.generations import Gate, GenerationKeeper
    from api.indexer import Indexer
    from api.tracing import Tracing
    from api.upkeep import Upkeep
    from ingest.git_source import GitCheckout
    from ingest.lint.findings import Finding
    from ingest.report import IngestReport, Progress
    from ingest.source_run import Source

logger = logging.getLogger(__name__)

# Whoever runs the command line on the machine can read the files and the catalog anyway.
LOCAL_ADMINISTRATOR = Principal("local", administrator=True)


@contextmanager
def open_catalog(settings: Settings) -> Iterator[Database]:
    """The catalog, made if it is not there; beside it any number of processes may read."""
    database = Database.open(settings.state_folder / "catalog.db")
    try:
        yield database
    finally:
        database.close()


def run_ingest(
    settings: Settings,
    paths: Sequence[Path],
    *,
    source: str | None = None,
    pull: bool = False,
    acl: frozenset[str] | None,
    prune: bool,
    full: bool,
    progress: Progress,
    embedder: Embedder | None = None,
) -> IngestReport:
    """One ingest of `paths`, of one `source`, or of all configured ones; owns the index meanwhile.

    `embedder` is one that the caller has already, in place of the configured one.

    Raises IndexBusy when another process owns it, ConfigurationError when there is nothing to do.
    """
    from ingest.sources import sources_for_paths
    from rag.adapters.catalog.writer import known_sources

    configured = _configured_sources(settings)
    chosen = [one for one in configured if source in (None, one.name)]
    if source is not None and (paths or not chosen):
        raise ConfigurationError(
            f"no source {source!r} is configured" if not paths else "give paths or --source"
        )
    if not paths and not configured:
        raise ConfigurationError(
            "there is nothing to ingest: give a path, or run `runbook init` and name your "
            "sources in runbook.toml"
        )
    if not paths and acl is not None:
        raise ConfigurationError("--acl needs a path: configured sources have their own `acl`")
    with ExitStack() as stack:
        stack.enter_context(IndexLock(settings.state_folder))
        database = stack.enter_context(open_catalog(settings))
        stores = stack.enter_context(closing(ChromaStores(settings)))
        named = sources_for_paths(paths, configured, known_sources(database), acl)
        return _indexer(settings, database, make_models(settings, embedder), stores).ingest(
            named or chosen,
            configured=frozenset(one.name for one in configured),
            whole=not paths and source is None,
            prune=prune,
            full=full,
            pull=pull,
            progress=progress,
        )


def run_watch(
    settings: Settings,
    *,
    polling: bool,
    told: Callable[[IngestReport], None],
    stop: threading.Event,
) -> None:
    """Bring every configured source up to date, then whatever changes; owns the index meanwhile.

    Raises IndexBusy when another process owns it, ConfigurationError when there is no source.
    """
    if not settings.sources:
        raise ConfigurationError(
            "there is nothing to watch: run `runbook init`, and name your sources in runbook.toml"
        )
    with ExitStack() as stack:
        stack.enter_context(IndexLock(settings.state_folder))
        database = stack.enter_context(open_catalog(settings))
        stores = stack.enter_context(closing(ChromaStores(settings)))
        _upkeep(settings, _indexer(settings, database, make_models(settings), stores)).watch(
            polling=polling,
            reconcile=settings.ingest.reconcile_seconds,
            told=told,
            failed=_nothing,
            stop=stop,
        )


def run_lint(settings: Settings, paths: Sequence[Path], *, embeddings: bool) -> list[Finding]:
    """What is wrong with the documents at `paths`, or of every configured source."""
    from ingest.lint.metadata import KnownNames
    from ingest.lint.run import lint
    from ingest.lint.targets import lint_targets

    known = KnownNames(frozenset(settings.review.owners), settings.review.acl_tags)
    # What another system holds is mended there.
    files = [source for source in _configured_sources(settings) if source.connector is None]
    targets = lint_targets(paths, files)
    return lint(targets, known, embedding.make_embedder(settings) if embeddings else None)


@contextmanager
def open_keeper(settings: Settings) -> Iterator[GenerationKeeper]:
    """What builds and promotes generations; owns the index meanwhile. Raises IndexBusy."""
    with ExitStack() as stack:
        stack.enter_context(IndexLock(settings.state_folder))
        database = stack.enter_context(open_catalog(settings))
        stores = stack.enter_context(closing(ChromaStores(settings)))
        yield _upkeep(settings, _indexer(settings, database, make_models(settings), stores)).keeper


@contextmanager
def open_reading(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    clock: Callable[[], date] | None = None,
) -> Iterator[Services]:
    """Services for one command: reads the catalog alone, beside whatever process owns the index.

    An `embedder` and a `clock` that the caller has stand in for the configured one and for today.
    """
    embedder = embedder or embedding.begin_loading(settings)
    with (
        open_catalog(settings) as database,
        closing(request_memory(settings, database)) as requests,
    ):
        yield _services(
            settings,
            database,
            make_models(settings, embedder),
            requests,
            lambda generation: ExactVectors(database, generation),
            repair=_nothing,
            wake=_nothing,
            clock=clock,
        )


@contextmanager
def open_serving(settings: Settings, *, polling: bool = False) -> Iterator[Services]:
    """Services for a process that answers many; it owns an embedded index until it ends.

    It works off jobs, and watches the sources where the settings say so. Raises IndexMissing when
    there is nothing to serve.
    """
    from api.upkeep import Background

    embedded = settings.vectors.mode == "embedded"
    with ExitStack() as stack:
        if embedded:
            stack.enter_context(IndexLock(settings.state_folder))
        database = stack.enter_context(open_catalog(settings))
        Generations(database).serving()
        stores = stack.enter_context(closing(ChromaStores(settings)))
        models = make_models(settings)
        # Several services may share a Chroma server: each holds the lock while it writes.
        hold = nullcontext if embedded else partial(IndexLock, settings.state_folder)
        indexer = _indexer(settings, database, models, stores, hold)
        jobs, metrics = JobStore(database), Metrics()
        background = Background(_upkeep(settings, indexer), jobs, metrics)
        stack.callback(background.stop)
        requests = stack.enter_context(closing(request_memory(settings, database)))

        def filtered(generation: Generation) -> NearestVectors:
            return FilteredVectors(stores.open(generation), ExactVectors(database, generation))

        def repair() -> None:
            # A shared server is repaired by whoever ingests: it holds the lock.
            if embedded:
                indexer.repair()

        tracing = tracing_to(settings)
        if tracing is not None:
            stack.callback(tracing.close)
        services = _services(
            settings,
            database,
            models,
            requests,
            filtered,
            repair,
            background.wake,
            metrics,
            tracing,
        )
        background.start(
            watching=settings.ingest.watch,
            polling=polling,
            reconcile=settings.ingest.reconcile_seconds,
        )

        def warm() -> None:
            try:
                services.warm()
            finally:
                background.ready()

        yield replace(services, warm=warm, webhooks=read_webhooks(settings))


def _services(
    settings: Settings,
    database: Database,
    models: EmbeddingModels,
    requests: RequestMemory,
    open_store: Callable[[Generation], NearestVectors],
    repair: Callable[[], None],
    wake: Callable[[], None],
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
    clock: Callable[[], date] | None = None,
) -> Services:
    generations, reader = Generations(database), CatalogReader(database)
    metrics, clock = metrics or Metrics(), clock or today
    observer = Observers(metrics, *([tracing] if tracing else []))
    dense = ServingDense(generations, open_store, models.of, reader.readable_sets)
    synonyms, facts = read_synonyms(settings), PageFacts(database)
    retrievers: list[Retriever] = [
        dense,
        LexicalRetriever(database, synonyms),
        PageRetriever(database, synonyms),
        IdentifierRetriever(database),
    ]
    engine = SearchEngine(
        retrievers,
        [ServingPageVectors(facts, generations, models.of)],
        facts,
        reader,
        observer,
        clock,
        SearchSettings(
            candidates=settings.search.candidates,
            reranked=settings.rerank.passages,
            review_every=timedelta(days=settings.search.review_every_days),
        ),
        make_reranker(settings),
    )

    def warm() -> None:
        generations.serving()
        repair()
        everything = access_filter(LOCAL_ADMINISTRATOR)
        for retriever in retrievers:
            retriever.retrieve("warm up", access=everything, filters=Filters(), limit=1)
        answerer.warm()

    keys = KeyStore(database)
    answerer = make_answerer(settings, engine, reader, models.configured, observer)
    return Services(
        settings=settings,
        engine=engine,
        answerer=answerer,
        reader=reader,
        keys=keys,
        authenticator=authenticator(settings, keys, metrics),
        limits=Limits(
            per_minute=settings.limits.requests_per_minute,
            concurrent=settings.limits.concurrent,
            refusals_per_minute=settings.limits.refusals_per_minute,
        ),
        audit=make_audit(settings, metrics.audit_failed),
        metrics=metrics,
        requests=requests,
        today=clock,
        warm=warm,
        jobs=JobStore(database),
        wake=wake,
        tracing=tracing,
    )


def _upkeep(settings: Settings, indexer: Indexer) -> Upkeep:
    from api.generations import GenerationKeeper
    from api.upkeep import Upkeep

    sources = _configured_sources(settings)
    return Upkeep(indexer, sources, GenerationKeeper(indexer, sources, make_gate(settings)))


def make_gate(settings: Settings) -> Gate | None:  # noqa: ARG001 - there is none to configure yet
    """What judges a generation before it is promoted; None leaves it to `verify`."""
    return None


def _indexer(
    settings: Settings,
    database: Database,
    models: EmbeddingModels,
    stores: ChromaStores,
    hold: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Indexer:
    from api.indexer import Indexer

    max_bytes = settings.ingest.max_file_mib * 1024 * 1024
    audit = make_audit(settings, _tell_that_audit_failed)
    return Indexer(database, models, stores, _recipe(settings), max_bytes, hold, audit)


def _recipe(settings: Settings) -> Recipe:
    from ingest.chunker import CHUNKER_VERSION

    model, chunking = settings.embedding, settings.chunking
    return Recipe(
        model.model,
        model.max_tokens,
        chunking.max_tokens,
        chunking.min_tokens,
        CHUNKER_VERSION,
    )


def make_models(settings: Settings, embedder: Embedder | None = None) -> EmbeddingModels:
    """The configured model, and whichever other a generation was built with."""

    def load(recipe: Recipe) -> Embedder:
        chosen = {"model": recipe.model, "max_tokens": recipe.model_tokens}
        other = settings.embedding.model_copy(update=chosen)
        return embedding.make_embedder(settings.model_copy(update={"embedding": other}))

    return EmbeddingModels(embedder or embedding.make_embedder(settings), _recipe(settings), load)


def make_audit(settings: Settings, failed: Callable[[], None]) -> AuditLog:
    """The audit log of this index; `failed` is told of every line that it could not write."""
    chosen = settings.audit
    if not chosen.enabled:
        return AuditLog(NoLines())
    return open_audit(
        settings.state_folder,
        chosen.path,
        max_bytes=chosen.max_mib * 1024 * 1024,
        files=chosen.files,
        hash_queries=chosen.hash_queries,
        failed=failed,
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
        shipped = resources.files("rag").joinpath("synonyms.txt")
        return parse_synonyms(shipped.read_text(encoding="utf-8").splitlines(), "synonyms.txt")
    path = settings.directory / settings.search.synonyms
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error}; mend search.synonyms"
        ) from error
    return parse_synonyms(lines, str(path))


def _configured_sources(settings: Settings) -> list[Source]:
    from ingest.connectors.kinds import make_connector
    from ingest.source_run import Source

    return [
        Source(
            source.name,
            settings.source_root(source),
            source.acl,
            source.url,
            connector=make_connector(source.connector, source.options)
            if source.connector
            else None,
            checkout=_checkout(settings, source),
        )
        for source in settings.sources
    ]


def _checkout(settings: Settings, source: SourceSettings) -> GitCheckout | None:
    from ingest.git_source import GitCheckout

    if source.git is None:
        return None
    return GitCheckout(
        source.git,
        source.branch,
        settings.git_folder(source),
        _from_environment(source.credentials_env, f"sources.{source.name}.credentials_env"),
        source.depth,
        settings.ingest.git_protocols,
    )


def _from_environment(name: str | None, key: str) -> str | None:
    """A secret that a setting names. Raises ConfigurationError when it is not set."""
    if name is None:
        return None
    if not os.environ.get(name):
        raise ConfigurationError(f"{key}: the environment variable {name} is not set")
    return os.environ[name]


def read_webhooks(settings: Settings) -> Webhooks:
    """The secrets of the hooks that are on."""
    chosen = settings.webhooks
    return Webhooks(
        _from_environment(chosen.github_secret_env, "webhooks.github_secret_env"),
        _from_environment(chosen.gitlab_token_env, "webhooks.gitlab_token_env"),
    )


def _nothing() -> None: ...


def _tell_that_audit_failed() -> None:
    logger.error("a change of a document could not be written to the audit log")


def today() -> date:
    """The day in UTC, against which freshness is told."""
    return datetime.now(UTC).date()
