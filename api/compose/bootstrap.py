"""The composition root: the only place where settings become objects.

Heavy libraries load when what needs them is first used, not here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from api.compose import embedding
from api.compose.answer_path import make_answerer
from api.compose.embedding_models import EmbeddingModels
from api.compose.local import open_catalog
from api.compose.parts import make_audit, read_webhooks
from api.compose.search_path import make_models, make_recipe, make_search_path, today
from api.compose.services import Services
from api.compose.vector_stores import ChromaStores
from api.identity.configured import authenticator
from api.limits import Limits
from api.records.metrics import Metrics
from api.records.observing import Observer, Observers, tracing_to
from api.records.request_memory import RequestMemory, request_memory
from api.settings import Settings
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.catalog.generations import Generations
from rag.adapters.catalog.jobs import JobStore
from rag.adapters.catalog.keys import KeyStore
from rag.adapters.index_lock import IndexLock
from rag.adapters.vectors.filtered_vectors import FilteredVectors
from rag.domain.generations import Generation
from rag.errors import ConfigurationError
from rag.ports import Embedder, NearestVectors

if TYPE_CHECKING:
    from api.index.generations import GenerationKeeper
    from api.index.indexer import Indexer
    from api.index.upkeep import Upkeep
    from api.records.tracing import Tracing
    from ingest.lint.findings import Finding
    from ingest.runs.report import IngestReport, Progress

log = logging.getLogger(__name__)


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
    from api.compose.sources import configured_sources
    from ingest.sources.selection import sources_for_paths
    from rag.adapters.catalog.writer import known_sources

    configured = configured_sources(settings)
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
    from api.compose.sources import configured_sources
    from ingest.lint.metadata import KnownNames
    from ingest.lint.run import lint
    from ingest.lint.targets import lint_targets

    known = KnownNames(frozenset(settings.review.owners), settings.review.acl_tags)
    # What another system holds is mended there.
    files = [source for source in configured_sources(settings) if source.connector is None]
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
    traced: bool = False,
) -> Iterator[Services]:
    """Services for one command: reads the catalog alone, beside whatever process owns the index.

    An `embedder` and a `clock` that the caller has stand in for the configured one and for today.
    What is asked is `traced` as a serving process traces it, where the settings say so.
    """
    embedder = embedder or embedding.begin_loading(settings)
    with (
        open_catalog(settings) as database,
        closing(request_memory(settings, database)) as requests,
        ExitStack() as stack,
    ):
        tracing = tracing_to(settings) if traced else None
        if tracing is not None:
            stack.callback(tracing.close)
        yield _services(
            settings,
            database,
            make_models(settings, embedder),
            requests,
            lambda generation: ExactVectors(database, generation),
            repair=_nothing,
            wake=_nothing,
            watchers=[tracing] if tracing else [],
            clock=clock,
            tracing=tracing,
        )


@contextmanager
def open_serving(settings: Settings, *, polling: bool = False) -> Iterator[Services]:
    """Services for a process that answers many; it owns an embedded index until it ends.

    It works off jobs, and watches the sources where the settings say so. Raises IndexMissing when
    there is nothing to serve.
    """
    from api.index.upkeep import Background
    from api.records.answer_log import AnswerLog  # with a library that a command need not load

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
            [AnswerLog(), *([tracing] if tracing else [])],
            tracing=tracing,
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
    watchers: Sequence[Observer] = (),
    clock: Callable[[], date] | None = None,
    tracing: Tracing | None = None,
) -> Services:
    metrics, clock = metrics or Metrics(), clock or today
    observer = Observers(metrics, *watchers)
    path = make_search_path(settings, database, models, open_store, observer, clock)
    keys = KeyStore(database)
    answerer = make_answerer(settings, path.engine, path.reader, models.configured, observer)

    def warm() -> None:
        path.generations.serving()
        repair()
        path.warm()
        answerer.warm()

    return Services(
        settings=settings,
        engine=path.engine,
        answerer=answerer,
        reader=path.reader,
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
    from api.compose.sources import configured_sources
    from api.evals.promotion_gate import SuiteGate
    from api.index.generations import GenerationKeeper
    from api.index.upkeep import Upkeep

    sources, suite = configured_sources(settings), settings.evals.gate_suite
    gate = SuiteGate(settings, suite, indexer.models, indexer.recipe) if suite else None
    return Upkeep(indexer, sources, GenerationKeeper(indexer, sources, gate))


def _indexer(
    settings: Settings,
    database: Database,
    models: EmbeddingModels,
    stores: ChromaStores,
    hold: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Indexer:
    from api.index.indexer import Indexer

    max_bytes = settings.ingest.max_file_mib * 1024 * 1024
    audit = make_audit(settings, _tell_that_audit_failed)
    return Indexer(database, models, stores, make_recipe(settings), max_bytes, hold, audit)


def _nothing() -> None: ...


def _tell_that_audit_failed() -> None:
    log.error("a change of a document could not be written to the audit log")
