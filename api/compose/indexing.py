"""Composition of the write path: an index that this process owns, and one ingest of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from api.compose import readers
from api.compose.commands import checked_team_commands
from api.compose.embedding_models import EmbeddingModels
from api.compose.local import index_lock, open_catalog
from api.compose.parts import make_audit
from api.compose.search_path import make_models, make_recipe
from api.compose.sources import configured_sources
from api.compose.vector_stores import ChromaStores
from api.index.indexer import Indexer
from api.records.observed_changes import ObservedChanges
from api.settings import Settings
from ingest.isolation.limits import FailureKind
from ingest.runs.report import IngestReport, Progress
from ingest.runs.request import IngestRequest
from ingest.sources.selection import sources_for_paths
from rag.adapters.catalog.catalog import Catalog
from rag.errors import ConfigurationError
from rag.ports import Embedder
from rag.text.suggestions import did_you_mean

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OwnedIndex:
    """An open index, and the indexer that writes to it."""

    catalog: Catalog
    models: EmbeddingModels
    stores: ChromaStores
    indexer: Indexer


@contextmanager
def open_index(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    shared: bool = False,
    start_readers: bool = False,
    while_serving: bool = False,
    on_reading_failure: Callable[[FailureKind], None] = lambda _: None,
    on_document_served: Callable[[timedelta], None] = lambda _: None,
) -> Iterator[OwnedIndex]:
    """The index, owned by this process until the end of the block. Raises IndexBusy.

    `embedder` replaces the configured one. A `shared` index, whose vectors are on a server, is
    owned only while the indexer writes to it. With `start_readers` a process that reads documents
    starts while the catalog is opened. `while_serving`: it answers requests while it writes, which
    writes vectors in smaller batches. `on_document_served` gets the time from the change of a
    document to the commit that serves it.
    """
    lock = partial(index_lock, settings)
    with (
        nullcontext() if shared else lock(),
        closing(readers.make_readers(settings, on_reading_failure, start=start_readers)) as pool,
        open_catalog(settings) as catalog,
        closing(ChromaStores(settings, while_serving=while_serving)) as stores,
    ):
        models = make_models(settings, embedder)
        indexer = Indexer(
            catalog,
            models,
            stores,
            make_recipe(settings),
            settings.ingest.max_file_mib * 1024 * 1024,
            pool,
            lock if shared else nullcontext,
            ObservedChanges(make_audit(settings, _log_audit_failure), on_document_served),
            checked_team_commands(settings),
        )
        yield OwnedIndex(catalog, models, stores, indexer)


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
    """One ingest of `paths`, of one `source`, or of every configured source.

    `embedder` replaces the configured one. Raises IndexBusy when another process owns the index,
    ConfigurationError when there is nothing to ingest.
    """
    configured = configured_sources(settings)
    chosen = [one for one in configured if source in (None, one.name)]
    if source is not None and (paths or not chosen):
        meant = did_you_mean(source, [one.name for one in configured])
        raise ConfigurationError(
            "give paths or --source, one of the two"
            if paths
            else f"no source {source!r} is configured{meant}"
        )
    if not paths and not configured:
        raise ConfigurationError(
            "there is nothing to ingest: give a path, or run `runbook init` and name your "
            "sources in runbook.toml"
        )
    if not paths and acl is not None:
        raise ConfigurationError("--acl needs a path: configured sources have their own `acl`")
    with open_index(settings, embedder=embedder, start_readers=True) as index:
        named = sources_for_paths(paths, configured, index.catalog.known_sources(), acl)
        request = IngestRequest(
            named or chosen,
            configured=frozenset(one.name for one in configured),
            complete=not paths and source is None,
            prune=prune,
            full=full,
            pull=pull,
            progress=progress,
        )
        return index.indexer.ingest(request)


def _log_audit_failure() -> None:
    log.error("a change of a document could not be written to the audit log")
