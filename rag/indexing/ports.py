"""The catalog as builds, jobs and generations use it; `rag/adapters/catalog` implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from rag.domain.documents import Chunk, Document
from rag.domain.generations import Generation, GenerationDifference, Promotion, Recipe
from rag.domain.index import ActiveVersion, FileNote, KnownSource, Quarantined, SourceOutcome
from rag.domain.jobs import Job, JobKind, JobState
from rag.indexing.write_protocol import Draft, WritableCatalog
from rag.ports import Embedder, Vector


class GenerationWriter(WritableCatalog, Protocol):
    """Writes to one generation. Its owner holds the index lock."""

    @property
    def generation(self) -> Generation: ...

    def active_versions(self, source: str, scope: str | None = None) -> dict[str, ActiveVersion]:
        """What is served of a source, by path; with `scope`, of that file or folder alone."""
        ...

    def draft_of(self, document_id: str) -> Draft | None:
        """A served document as it is indexed now, with its vectors, or None."""
        ...

    def unreadable_count(self) -> int:
        """Served documents that only administrators may read."""
        ...

    def quarantined_paths(self, source: str) -> set[str]:
        """The files of a source that were in quarantine after the last run."""
        ...

    def record_quarantine(
        self, source: str, found: Sequence[Quarantined], looked_at: Sequence[str]
    ) -> None:
        """Replace the quarantine of a source's paths `looked_at` by `found`."""
        ...

    def record_notes(self, source: str, found: Sequence[FileNote], read: Sequence[str]) -> None:
        """Replace the notes on the files of a source that were read or are gone, by `found`."""
        ...

    def record_outcome(self, source: str, outcome: SourceOutcome) -> None:
        """Replace how the last run of a source ended."""
        ...

    def remember_source(self, known: KnownSource) -> None:
        """Keep where a source is; how its last run ended stays."""
        ...

    def forget_source(self, name: str) -> None:
        """Forget a source that serves no document any more, with its quarantine and its notes."""
        ...

    def finish(self, now: datetime) -> None:
        """Record a run that completed, and drop embeddings that no chunk uses."""
        ...

    def record_failure(self, reason: str, now: datetime) -> None:
        """Store why a run failed, for `doctor`, until one completes."""
        ...

    def drop_generation(self) -> None:
        """Delete this generation, which does not serve, with all that it holds."""
        ...


class GenerationStore(Protocol):
    """Which generation serves, and which are being built."""

    def serving(self) -> Generation:
        """The generation that searches read. Raises IndexMissing before the first ingest."""
        ...

    def building(self, fingerprint: str) -> Generation | None:
        """A build with this fingerprint that has not served yet."""
        ...

    def get(self, number: int) -> Generation:
        """Raises NotFound."""
        ...

    def create(
        self, fingerprint: str, model: str, dimension: int, recipe: Recipe | None = None
    ) -> Generation: ...

    def finish(self, generation: Generation) -> None:
        """Mark a build as complete."""
        ...

    def promote(self, generation: Generation) -> None:
        """Make it the serving one, without a record; for the first generation."""
        ...

    def unserved(self) -> list[Generation]:
        """Every generation that does not serve: retired, or incomplete."""
        ...


class PromotionStore(Protocol):
    """Changes of the serving generation, and their record."""

    def chosen(self, generation: Generation) -> bool:
        """Whether an administrator promoted it, whatever the settings say."""
        ...

    def promote(
        self,
        generation: Generation,
        *,
        by: str,
        kind: str,
        gate: str,
        reason: str | None = None,
        waited: bool = True,
    ) -> Promotion:
        """Let it serve from this commit on. Raises NotFound when it no longer exists."""
        ...

    def before(self) -> int:
        """The generation that served before the current one. Raises NotFound."""
        ...


class GenerationCopy(Protocol):
    """Compares two generations and reads documents from the original."""

    def difference(self) -> GenerationDifference: ...

    def read(self, wanted: Sequence[int]) -> list[tuple[Document, tuple[Chunk, ...]]]:
        """Those of these versions that still serve, with their chunks in order."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """A chunk's key and vector, to query a vector store for the chunk itself."""

    key: int
    vector: Vector[float]


class ConsistencyCheck(Protocol):
    """Compares what the catalog holds of one generation with its own tables."""

    def expected(self) -> dict[int, bytes]:
        """Every served chunk's key with its ACL set: what the vector store must hold."""
        ...

    def without_embedding(self) -> list[Chunk]:
        """Chunks whose vector is missing in the catalog."""
        ...

    def pages_without_vector(self) -> int: ...

    def lexical_problems(self) -> list[str]:
        """What is wrong with the lexical tables."""
        ...

    def rebuild_lexical(self) -> None: ...

    def mend_embeddings(self, embedder: Embedder) -> None:
        """Embed again what is missing."""
        ...

    def samples(self, count: int) -> list[Sample]:
        """Some chunks spread over the generation, with their vectors."""
        ...


class JobQueue(Protocol):
    """The jobs and their history; any number of processes may have it open."""

    def enqueue(self, kind: JobKind, scope: Mapping[str, Any], asked_by: str) -> Job:
        """A new job, or the queued one that does the same."""
        ...

    def get(self, identity: str) -> Job | None: ...

    def list(self, limit: int) -> list[Job]:
        """The newest jobs, newest first."""
        ...

    def cancel(self, identity: str) -> Job | None:
        """A queued job never starts, a running one is asked to stop; None when there is none."""
        ...

    def are_open(self) -> bool:
        """Whether any job is queued or running."""
        ...

    def claim(self) -> Job | None:
        """The next job, marked as running. The caller owns the index."""
        ...

    def progress(self, identity: str, found: int, done: int, chunks: int) -> bool:
        """Record how far a running job is; whether it was asked to stop."""
        ...

    def finish(
        self,
        identity: str,
        state: JobState,
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        reason: str | None = None,
    ) -> None: ...

    def put_back(self, identity: str) -> None:
        """Queue a running job again, because this process stops before its end."""
        ...


class Catalog(Protocol):
    """One catalog and its stores."""

    @property
    def generations(self) -> GenerationStore: ...

    @property
    def promotions(self) -> PromotionStore: ...

    @property
    def jobs(self) -> JobQueue: ...

    def writer(self, generation: Generation) -> GenerationWriter: ...

    def copy(self, original: Generation, copy: Generation) -> GenerationCopy: ...

    def consistency(self, generation: Generation) -> ConsistencyCheck: ...

    def known_sources(self) -> list[KnownSource]:
        """Every source that was ingested, with its root."""
        ...

    def check_file(self) -> None:
        """Raises StoreError when the database file is damaged."""
        ...
