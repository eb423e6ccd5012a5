"""Writes to an index that this process owns: one run at a time, into the right generation."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Protocol

from api.index.access_changes import AccessChanges
from ingest.chunking.chunker import ChunkSettings
from ingest.isolation.documents import IsolatedDocuments
from ingest.isolation.pool import ReaderPool
from ingest.runs.preparation import PreparedSource
from ingest.runs.report import IngestReport, Silent
from ingest.runs.request import IngestRequest
from ingest.runs.source_run import IngestTools, ingest
from rag.domain.generations import Generation, Recipe
from rag.domain.index import KnownSource
from rag.errors import (
    ConfigurationError,
    GenerationMismatch,
    IndexMissing,
    ModelError,
    StoreError,
)
from rag.indexing.ports import Catalog, GenerationWriter
from rag.indexing.write_protocol import IndexWriter, Unobserved
from rag.ports import ChangeObserver, Embedder, VectorStore

log = logging.getLogger(__name__)
_TURN_SECONDS = 0.005
_CARRIED_AT_ONCE = 32  # documents


class GenerationStores(Protocol):
    """Where each generation's vectors are kept."""

    def open(self, generation: Generation) -> VectorStore: ...

    def remove(self, generation: Generation) -> None: ...

    def discard(self, generation: Generation) -> bool:
        """Delete a damaged store without reading it; False if it is not ours to delete."""
        ...


class Models(Protocol):
    """The embedding models that generations are built with."""

    def of(self, generation: Generation) -> Embedder:
        """Raises GenerationMismatch when it is not known how the generation was built."""
        ...

    def named(self, recipe: Recipe) -> Embedder: ...


class Indexer:
    """Writes to the index, one run at a time.

    `recipe` is what the settings ask for. `hold` takes the index lock for one run; by default
    the process holds it throughout. `team_commands` is the text of the team's table of commands.
    """

    def __init__(
        self,
        catalog: Catalog,
        models: Models,
        stores: GenerationStores,
        recipe: Recipe,
        max_file_bytes: int,
        readers: ReaderPool,
        hold: Callable[[], AbstractContextManager[object]] = nullcontext,
        changes: ChangeObserver | None = None,
        team_commands: str = "",
    ) -> None:
        self.catalog = catalog
        self._team_commands = team_commands
        self.recipe = recipe
        self.models = models
        self.stores = stores
        self._max_file_bytes = max_file_bytes
        self._readers = readers
        self._hold = hold
        self._changes = changes or Unobserved()
        self.access = AccessChanges(catalog, self._changes)
        self._turn = threading.RLock()
        self._depth = 0

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Nobody else writes meanwhile; may be entered again inside. Raises IndexBusy."""
        with self._turn, self._hold() if self._depth == 0 else nullcontext():
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def yield_lock(self) -> None:
        """Release the lock for a moment, so that other threads may write during a long build."""
        depth = self._depth
        for _ in range(depth):
            self._turn.release()
        time.sleep(_TURN_SECONDS)
        for _ in range(depth):
            self._turn.acquire()

    def ingest(self, request: IngestRequest) -> IngestReport:
        """Bring the request's sources up to date.

        Raises GenerationMismatch when the serving generation was built with other settings and
        the request is not `full`. With `full`, a new generation is built meanwhile, and serves once
        every source could be reached. Raises ConfigurationError when the request does not cover
        all sources of which the serving generation has documents.
        """
        started = time.monotonic()
        with self.owned():
            prepared = self._prepare_serving(request)
            generation = self._generation(request.full)
            serves = generation == self.catalog.generations.serving()
            if not serves:
                self._refuse_a_part(request)
            report = self._ingest_recorded(generation, request, prepared)
            if not serves and report.unreachable:
                log.warning("the new index does not serve yet: a source could not be reached")
            elif not serves:
                self.catalog.promotions.promote(
                    generation, by="ingest --full", kind="ingest", gate="none", waited=False
                )
            return replace(report, seconds=round(time.monotonic() - started, 3))

    def ingest_into(self, generation: Generation, request: IngestRequest) -> IngestReport:
        """The same for one generation, whether it serves or not."""
        catalog = self.catalog.writer(generation)
        prepared = self.access.prepare(request, catalog, self._max_file_bytes)
        return self._ingest_recorded(generation, request, prepared)

    def _prepare_serving(self, request: IngestRequest) -> list[PreparedSource]:
        """Fetch and list the sources; what readers lose is committed before all else."""
        catalog = self.access.serving()
        if catalog is not None:
            self.access.withdraw_removed(request, catalog)
        return self.access.prepare(request, catalog, self._max_file_bytes)

    def _ingest_recorded(
        self, generation: Generation, request: IngestRequest, prepared: Sequence[PreparedSource]
    ) -> IngestReport:
        """Ingest into a generation, and record why it failed where it does."""
        catalog = self.catalog.writer(generation)
        try:
            report = self._ingest(catalog, request, prepared)
            serving = self.catalog.generations.serving()
            if generation != serving and self._carry_over(serving, catalog):
                # The rules of every run decide on these documents: they are deleted where their
                # files are gone, or keep serving in quarantine, to no more readers than before.
                again = replace(request, full=False, pull=False, progress=Silent())
                prepared = self.access.prepare(again, catalog, self._max_file_bytes)
                second = self._ingest(catalog, again, prepared)
                report = replace(report, chunks=second.chunks, unreadable=second.unreadable)
        except (StoreError, ModelError, ConfigurationError) as error:
            catalog.record_failure(str(error), datetime.now(UTC))
            raise
        if report.unreachable:
            catalog.record_failure("; ".join(report.unreachable), datetime.now(UTC))
        return report

    def _ingest(
        self, catalog: GenerationWriter, request: IngestRequest, prepared: Sequence[PreparedSource]
    ) -> IngestReport:
        recipe = catalog.generation.recipe or self.recipe
        removed = self.access.withdraw_removed(request, catalog)
        index = self.writer(catalog)
        index.repair()
        for name in removed:
            catalog.forget_source(name)
        for source in request.sources:
            catalog.remember_source(
                KnownSource(source.name, str(source.root), source.name in request.configured)
            )
        chunking = ChunkSettings(
            recipe.chunk_tokens, recipe.least_tokens, self._team_commands, recipe.redact_secrets
        )
        embedder = self.models.of(catalog.generation)
        reader = IsolatedDocuments(self._readers, lambda: embedder.token_counter, chunking)
        tools = IngestTools(catalog, index, reader, self._max_file_bytes)
        return ingest(tools, prepared, request)

    def _carry_over(self, serving: Generation, catalog: GenerationWriter) -> bool:
        """Copy what serves, and what this generation was not given; whether there was any."""
        copy = self.catalog.copy(serving, catalog.generation)
        lacking = copy.difference().lacking
        index, known = self.writer(catalog), {one.name for one in self.catalog.known_sources()}
        for start in range(0, len(lacking), _CARRIED_AT_ONCE):
            pages = copy.read(lacking[start : start + _CARRIED_AT_ONCE])
            # A source that was forgotten is looked at by no run any more.
            index.replace(index.drafts([page for page in pages if page[0].source in known]))
        return bool(lacking)

    def _refuse_a_part(self, request: IngestRequest) -> None:
        """A new generation replaces the whole index, so the request must cover every source."""
        given = {source.name for source in request.sources if source.scope is None}
        configured = request.configured
        lost = [
            f"{source.name} ({source.root})"
            for source in self.catalog.known_sources()
            if source.name not in given and (not source.configured or source.name in configured)
        ]
        if lost:
            raise ConfigurationError(
                "with other settings --full builds a new index, and the pages of these sources "
                f"would not be in it: {', '.join(sorted(lost))}. Give their paths too, or name "
                "them in runbook.toml and run `runbook ingest --full` without paths"
            )

    def repair(self) -> None:
        """Finish what a crash cut off in the serving generation. Raises IndexMissing."""
        with self.owned():
            self.writer(self.catalog.writer(self.catalog.generations.serving())).repair()

    def writer(self, catalog: GenerationWriter) -> IndexWriter:
        """What writes to the catalog's generation."""
        generation = catalog.generation
        store, embedder = self.stores.open(generation), self.models.of(generation)
        return IndexWriter(catalog, store, embedder, self._changes)

    def fingerprint(self, recipe: Recipe) -> str:
        """Names everything that chunks and vectors of such a generation depend on."""
        chunking = ChunkSettings(
            recipe.chunk_tokens, recipe.least_tokens, redact_secrets=recipe.redact_secrets
        )
        model = self.models.named(recipe).fingerprint
        parts = [model, recipe.chunker, asdict(chunking), recipe.commands]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def create(self, recipe: Recipe) -> Generation:
        """A new, empty generation that does not serve."""
        embedder = self.models.named(recipe)
        return self.catalog.generations.create(
            self.fingerprint(recipe), embedder.fingerprint, embedder.dimension, recipe
        )

    def drop(self, generation: Generation) -> None:
        """Remove a generation that does not serve, with its vectors and their directory."""
        self.catalog.writer(generation).drop_generation()
        self.stores.remove(generation)

    def _generation(self, full: bool) -> Generation:
        wanted = self.fingerprint(self.recipe)
        try:
            serving = self.catalog.generations.serving()
        except IndexMissing:
            first = self.create(self.recipe)
            self.catalog.generations.promote(first)
            return first
        if serving.fingerprint == wanted:
            return serving
        if full:
            return self._building(wanted)
        if serving.recipe is not None and self.catalog.promotions.chosen(serving):
            log.info("generation %d serves by choice; the settings differ", serving.id)
            return serving
        raise GenerationMismatch(
            "the index was built with another embedding model, other chunk settings, another table "
            f"of commands or another ingest.redact_secrets ({serving.model}): run `runbook ingest "
            "--full` to build a new one beside it, or `runbook index build` and `promote`"
        )

    def _building(self, wanted: str) -> Generation:
        building = self.catalog.generations.building(wanted)
        for other in self.catalog.generations.unserved():
            if other != building:
                self.drop(other)
        return building or self.create(self.recipe)
