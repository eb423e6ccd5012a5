"""One source's share of an ingest.

    walk -> read -> compare -> parse -> chunk -> embed -> commit      (a batch of files at a time)

A file that cannot be indexed as it stands is quarantined: it is reported, and its last good
version keeps serving, to the readers that ingest/runs/preparation.py left it. A source that cannot
be reached is reported too, and keeps serving as it was; neither keeps other files or sources from
being indexed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ingest.isolation.documents import DocumentReader
from ingest.reading.acl_rules import AclRules, Resolve
from ingest.reading.parse import RawFile, Reading, document_of, own_acl_of
from ingest.reading.scan import Suspicious
from ingest.runs.access_changes import narrow_access
from ingest.runs.preparation import PreparedSource, deleted_paths
from ingest.runs.report import Progress, Silent
from ingest.sources.git_history import FileRevision, file_revisions
from ingest.sources.walk import (
    FileUnsettled,
    FileVanished,
    Walk,
    is_within,
    read_file,
    root_identity,
)
from rag.domain.documents import AclOrigin, Chunk, Document, content_hash, document_id
from rag.domain.index import Quarantined
from rag.errors import QuarantineError, RunbookError, StoreError
from rag.indexing.ports import GenerationWriter
from rag.indexing.write_protocol import Draft, IndexWriter
from rag.ports import Vector

log = logging.getLogger(__name__)
_BATCH_CHUNKS = 256
_BATCH_DOCUMENTS = 64


@dataclass(frozen=True, slots=True)
class IngestTools:
    """What every run needs, whatever its sources."""

    catalog: GenerationWriter
    index: IndexWriter
    reader: DocumentReader
    max_file_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """How a run goes about its sources.

    `prune` deletes what is gone from disk; `full` indexes unchanged files again as well; a file
    that was written to less than `settle` seconds ago is left for later; `pull` fetches what
    stands in git. A batch is committed once it has `batch_chunks`.
    """

    prune: bool = True
    full: bool = False
    settle: float = 0.0
    pull: bool = False
    batch_chunks: int = _BATCH_CHUNKS
    progress: Progress = field(default_factory=Silent)


@dataclass(slots=True)
class Outcome:
    """Counts of documents, and the quarantined ones by path; `unsettled` as source and path."""

    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    unsettled: list[tuple[str, str]] = field(default_factory=list)
    unreachable: str | None = None
    suspicious: list[Suspicious] = field(default_factory=list)


_Parsed = tuple[Document, tuple[Chunk, ...]]


class SourceRun:
    """Brings one source up to date."""

    def __init__(self, tools: IngestTools, prepared: PreparedSource, run: Run) -> None:
        self._tools = tools
        self._source = prepared.source
        prepared.commit_access(tools.catalog, tools.index.access, prune=run.prune)
        self._fetched = prepared.fetched
        self._narrowed = prepared.narrowed
        self._deleted = prepared.deleted[tools.catalog.generation.id]
        self._run = run
        self._mirror = prepared.fetched.mirror
        resolve = AclRules(self._source.root, self._source.acl).resolve
        self._resolve: Resolve = self._mirror.resolving(resolve) if self._mirror else resolve
        self._revisions: Mapping[str, FileRevision] = {}
        self._served = tools.catalog.active_versions(self._source.name, self._source.scope)
        self._outcome = Outcome(deleted=len(self._deleted))
        self._committed: set[str] = set()

    def run(self) -> Outcome:
        """Index the source. One that cannot be reached says so, and keeps what it had.

        Raises StoreError and ModelError where no other source could be indexed either.
        """
        try:
            self._note_what_was_not_fetched()
            if self._fetched.walked is not None:
                self._compare(self._fetched.walked)
        except (RunbookError, MemoryError):
            raise
        except Exception as error:  # the other sources still have their turn
            log.exception("a source was not brought up to date")
            self._unreachable(StoreError(f"it failed ({type(error).__name__}); see the log"))
        return self._outcome

    def _note_what_was_not_fetched(self) -> None:
        if self._fetched.unreachable is not None:
            self._unreachable(self._fetched.unreachable)
        for problem in self._fetched.unfetched:
            self._outcome.quarantined[problem.path] = Quarantined(
                self._source.name, problem.path, None, problem.reason
            )

    def _compare(self, walked: Walk) -> None:
        if self._mirror is None:
            self._revisions = file_revisions(self._source.root, set(walked.files))
        self._run.progress.found(len(walked.files))
        for problem in walked.problems:
            self._quarantine(problem.path, QuarantineError(problem.reason))
        present = set(walked.files)
        vanished: set[str] = set()
        for batch, vectors in self._embedded(self._batches(self._changed(walked.files, vanished))):
            self._commit(batch, vectors)
        gone = [*deleted_paths(self._served, self._fetched), *(vanished & self._served.keys())]
        if vanished and root_identity(self._source.root) != self._fetched.root:
            self._unreachable(StoreError("the folder went away while it was read; try again"))
        elif self._run.prune:
            self._tools.index.delete(self._source.name, gone)
            self._outcome.deleted += len(gone)
        self._label_narrowed_vectors()
        self._record_quarantine(present | self._deleted | set(gone))

    def _unreachable(self, error: RunbookError) -> None:
        self._outcome.unreachable = (
            f"{self._source.name}: {error}; what was indexed before keeps serving"
        )

    def _changed(self, files: Iterable[str], vanished: set[str]) -> Iterator[_Parsed]:
        for raw, reading in self._tools.reader.read(self._to_read(files, vanished)):
            try:
                yield self._parsed(raw, reading)
            except QuarantineError as error:
                self._quarantine(raw.path, error)

    def _to_read(self, files: Iterable[str], vanished: set[str]) -> Iterator[RawFile]:
        for path in files:
            try:
                raw = self._read(path)
                if self._is_unchanged(raw):
                    self._outcome.unchanged += 1
                    self._run.progress.done(1, 0)
                else:
                    yield raw
            except FileVanished:
                vanished.add(path)
            except FileUnsettled:
                self._outcome.unsettled.append((self._source.name, path))
                self._run.progress.done(1, 0)
            except QuarantineError as error:
                self._quarantine(path, error)

    def _parsed(self, raw: RawFile, reading: Reading | QuarantineError) -> _Parsed:
        if isinstance(reading, QuarantineError):
            raise reading
        document = document_of(raw, reading, self._resolve, self._url_of(raw.path))
        self._outcome.suspicious += reading.suspicious
        return document, reading.chunks

    def _read(self, path: str) -> RawFile:
        read = read_file(self._source.root, path, self._tools.max_file_bytes, self._run.settle)
        source, data = self._source.name, read.data
        if self._mirror is not None:
            entry = self._mirror.entry(path, data)
            return RawFile(source, path, data, entry.revision, entry.updated_at)
        known = self._revisions.get(path)
        if known is not None and known.has(data):
            return RawFile(source, path, data, known.commit, known.committed_at)
        return RawFile(source, path, data, content_hash(data), read.mtime)

    def _url_of(self, path: str) -> str | None:
        url = self._mirror.url(path) if self._mirror else None
        return url or self._source.url

    def _is_unchanged(self, raw: RawFile) -> bool:
        served = self._served.get(raw.path)
        if served is None or served.acl_narrowed or self._run.full:
            return False
        if (served.content_hash, served.revision, served.updated) != (
            content_hash(raw.data),
            raw.revision,
            int(raw.updated_at.timestamp()),
        ):
            return False
        if self._mirror is not None:
            return self._resolve(raw.path, own_acl_of(raw)).acl == served.acl
        # The same bytes say the same of their own ACL; what stands around them may have changed.
        if served.acl_origin is AclOrigin.DOCUMENT:
            return True
        return self._resolve(raw.path, None).acl == served.acl

    def _batches(self, parsed: Iterable[_Parsed]) -> Iterator[list[_Parsed]]:
        batch: list[_Parsed] = []
        size = 0
        for item in parsed:
            batch.append(item)
            size += len(item[1])
            if size >= self._run.batch_chunks or len(batch) >= _BATCH_DOCUMENTS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _embedded(
        self, batches: Iterable[list[_Parsed]]
    ) -> Iterator[tuple[list[_Parsed], list[Vector[float]]]]:
        """Each batch with its vectors; the model works on one while others are read and written."""
        with ThreadPoolExecutor(1, thread_name_prefix="embedding") as model:
            before: tuple[list[_Parsed], Future[list[Vector[float]]]] | None = None
            for batch in batches:
                chunks = [chunk for _, inside in batch for chunk in inside]
                begun = model.submit(self._tools.index.embed, chunks)
                if before is not None:
                    yield before[0], before[1].result()
                before = batch, begun
            if before is not None:
                yield before[0], before[1].result()

    def _commit(self, batch: Sequence[_Parsed], made: Sequence[Vector[float]]) -> None:
        vectors = iter(made)
        drafts = [
            Draft(document, inside, tuple(next(vectors) for _ in inside))
            for document, inside in batch
        ]
        self._tools.index.replace(drafts, self._acls_seen(batch))
        # Whoever may read them may have changed since they were read.
        documents = [document for document, _ in batch]
        narrow_access(self._tools.index.access, self._source, documents, self._mirror)
        for document, inside in batch:
            self._committed.add(document.path)
            if document.path in self._served:
                self._outcome.updated += 1
            else:
                self._outcome.added += 1
            self._run.progress.done(1, len(inside))

    def _quarantine(self, path: str, error: QuarantineError) -> None:
        self._outcome.quarantined[path] = Quarantined(
            self._source.name, path, error.line, error.reason
        )
        self._run.progress.done(1, 0)

    def _acls_seen(self, batch: Sequence[_Parsed]) -> dict[str, frozenset[str]]:
        return {
            document.id: self._served[document.path].acl
            for document, _ in batch
            if document.path in self._served
        }

    def _label_narrowed_vectors(self) -> None:
        """Give narrowed documents that were not indexed again vectors with their new ACL set.

        No search depends on it: `index verify` compares the two.
        """
        waiting = {path for _, path in self._outcome.unsettled}
        for path in sorted(self._narrowed - self._committed - waiting):
            draft = self._tools.catalog.draft_of(document_id(self._source.name, path))
            if draft is not None:
                self._tools.index.replace([draft], {draft.document.id: draft.document.acl})

    def _record_quarantine(self, looked_at: set[str]) -> None:
        earlier = self._tools.catalog.quarantined_paths(self._source.name)
        known = looked_at | set(self._outcome.quarantined)
        known |= {path for path in earlier if is_within(path, self._source.scope)}
        self._tools.catalog.record_quarantine(
            self._source.name, list(self._outcome.quarantined.values()), sorted(known)
        )
