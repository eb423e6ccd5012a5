"""Runs ingests on an index that this process owns, and sees to its generations."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Protocol

from ingest.chunker import CHUNKER_VERSION, Chunker, ChunkSettings
from ingest.pipeline import ingest
from ingest.report import IngestReport, Progress
from ingest.source_run import IngestTools, Run, Source
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.generations import Generation, Generations
from rag.adapters.catalog.writer import CatalogWriter, KnownSource, known_sources
from rag.errors import (
    ConfigurationError,
    GenerationMismatch,
    IndexMissing,
    ModelError,
    StoreError,
)
from rag.indexing import IndexWriter
from rag.ports import Embedder, VectorStore


class GenerationStores(Protocol):
    """Where each generation's vectors are kept."""

    def open(self, generation: Generation) -> VectorStore: ...

    def remove(self, generation: Generation) -> None: ...


class Indexer:
    """Writes to the index, one run at a time whoever asks.

    `hold` takes the index lock for one run; by default the process holds it throughout.
    """

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        stores: GenerationStores,
        chunking: ChunkSettings,
        max_file_bytes: int,
        hold: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._database = database
        self._generations = Generations(database)
        self._embedder = embedder
        self._stores = stores
        self._chunking = chunking
        self._max_file_bytes = max_file_bytes
        self._hold = hold
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

    def ingest(
        self,
        sources: Sequence[Source],
        *,
        configured: frozenset[str],
        whole: bool,
        prune: bool,
        full: bool,
        progress: Progress,
        settle: float = 0.0,
    ) -> IngestReport:
        """Bring these sources up to date; `configured` names those that the settings name.

        `whole` says that the run is about all of these, so that any other that was configured
        once is to be forgotten. A file that was written to less than `settle` seconds ago waits.

        Raises GenerationMismatch when the serving generation was built otherwise and `full` was
        not asked for; with `full` a new generation is built beside it and serves at the end.
        """
        with self.owned():
            generation = self._generation(full)
            serves = generation == self._generations.serving()
            catalog = CatalogWriter(self._database, generation)
            try:
                report = self._ingest(
                    catalog,
                    sources,
                    configured=configured,
                    whole=whole and prune,
                    run=Run(prune=prune, full=full, settle=settle, progress=progress),
                )
            except (StoreError, ModelError, ConfigurationError) as error:
                catalog.record_failure(str(error), datetime.now(UTC))
                raise
            if not serves:
                self._generations.promote(generation)
            return report

    def _ingest(
        self,
        catalog: CatalogWriter,
        sources: Sequence[Source],
        *,
        configured: frozenset[str],
        whole: bool,
        run: Run,
    ) -> IngestReport:
        index = IndexWriter(catalog, self._stores.open(catalog.generation), self._embedder)
        index.repair()
        for source in sources:
            catalog.remember_source(
                KnownSource(source.name, str(source.root), source.name in configured)
            )
        chunker = Chunker(self._embedder.count_tokens, self._chunking)
        tools = IngestTools(catalog, index, chunker, self._max_file_bytes)
        if whole:
            self._forget_removed(catalog, index, configured)
        return ingest(tools, sources, run)

    def repair(self) -> None:
        """Finish what a crash cut off in the serving generation. Raises IndexMissing."""
        with self.owned():
            generation = self._generations.serving()
            catalog = CatalogWriter(self._database, generation)
            IndexWriter(catalog, self._stores.open(generation), self._embedder).repair()

    def _generation(self, full: bool) -> Generation:
        wanted = self._fingerprint()
        try:
            serving = self._generations.serving()
        except IndexMissing:
            first = self._create(wanted)
            self._generations.promote(first)
            return first
        if serving.fingerprint == wanted:
            return serving
        if not full:
            raise GenerationMismatch(
                "the index was built with another embedding model or other chunk settings "
                f"({serving.model}): run `runbook ingest --full` to build a new one beside it"
            )
        return self._building(wanted)

    def _building(self, wanted: str) -> Generation:
        building = self._generations.building(wanted)
        for other in self._generations.unserved():
            if other != building:
                CatalogWriter(self._database, other).drop_generation()
                self._stores.remove(other)
        return building or self._create(wanted)

    def _create(self, fingerprint: str) -> Generation:
        return self._generations.create(
            fingerprint, self._embedder.fingerprint, self._embedder.dimension
        )

    def _fingerprint(self) -> str:
        parts = [self._embedder.fingerprint, CHUNKER_VERSION, asdict(self._chunking)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _forget_removed(
        self, catalog: CatalogWriter, index: IndexWriter, still_there: frozenset[str]
    ) -> None:
        for source in known_sources(self._database):
            if source.configured and source.name not in still_there:
                index.delete(source.name, sorted(catalog.active_versions(source.name)))
                catalog.forget_source(source.name)
