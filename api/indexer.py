"""Runs ingests on an index that this process owns, and sees to its generations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol

from ingest.chunker import CHUNKER_VERSION, Chunker, ChunkSettings
from ingest.pipeline import ingest
from ingest.report import IngestReport, Progress
from ingest.source_run import IngestTools, Source
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.generations import Generation, Generations
from rag.adapters.catalog.writer import CatalogWriter, KnownSource, known_sources
from rag.errors import GenerationMismatch, IndexMissing
from rag.indexing import IndexWriter
from rag.ports import Embedder, VectorStore


class GenerationStores(Protocol):
    """Where each generation's vectors are kept."""

    def open(self, generation: Generation) -> VectorStore: ...

    def remove(self, generation: Generation) -> None: ...


class Indexer:
    """Its owner holds the index lock for as long as it is used."""

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        stores: GenerationStores,
        chunking: ChunkSettings,
        max_file_bytes: int,
    ) -> None:
        self._database = database
        self._generations = Generations(database)
        self._embedder = embedder
        self._stores = stores
        self._chunking = chunking
        self._max_file_bytes = max_file_bytes

    def ingest(
        self,
        sources: Sequence[Source],
        *,
        configured: frozenset[str],
        whole: bool,
        prune: bool,
        full: bool,
        progress: Progress,
    ) -> IngestReport:
        """Bring these sources up to date; `configured` names those that the settings name.

        `whole` says that the run is about all of these, so that any other that was configured
        once is to be forgotten.

        Raises GenerationMismatch when the serving generation was built otherwise and `full` was
        not asked for; with `full` a new generation is built beside it and serves at the end.
        """
        generation = self._generation(full)
        catalog = CatalogWriter(self._database, generation)
        index = IndexWriter(catalog, self._stores.open(generation), self._embedder)
        index.repair()
        for source in sources:
            catalog.remember_source(
                KnownSource(source.name, str(source.root), source.name in configured)
            )
        tools = IngestTools(
            catalog,
            index,
            Chunker(self._embedder.count_tokens, self._chunking),
            progress,
            self._max_file_bytes,
        )
        if whole and prune:
            self._forget_removed(catalog, index, configured)
        report = ingest(tools, sources, prune=prune, full=full)
        self._generations.promote(generation)
        return report

    def repair(self) -> None:
        """Finish what a crash cut off in the serving generation. Raises IndexMissing."""
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
