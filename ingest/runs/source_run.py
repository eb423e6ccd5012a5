"""One source's share of an ingest.

    walk -> read -> compare -> parse -> chunk -> embed -> commit      (a batch of files at a time)

A file that cannot be indexed as it stands is quarantined: it is reported, and its last good
version keeps serving with an ACL that is never wider than it was. A source that cannot be reached
is reported too, and keeps serving as it was; neither keeps other files or sources from their turn.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from ingest.chunking.chunker import Chunker
from ingest.reading.acl_rules import AclRules, Resolve
from ingest.reading.parse import RawFile, own_acl_of, parse
from ingest.reading.scan import Suspicious, scan
from ingest.runs.report import Progress, Silent
from ingest.sources.connectors.mirror import Mirror
from ingest.sources.fetching import Fetched, fetch
from ingest.sources.git_history import FileRevision, file_revisions
from ingest.sources.source import Source
from ingest.sources.walk import (
    IGNORE_FILE,
    FileUnsettled,
    FileVanished,
    Walk,
    read_file,
    root_identity,
)
from rag.access.acl import readers_of_both
from rag.domain.documents import AclOrigin, Chunk, Document, content_hash, document_id
from rag.domain.index import ActiveVersion, Quarantined
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
    chunker: Chunker
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

    def __init__(self, tools: IngestTools, source: Source, run: Run) -> None:
        self._tools = tools
        self._source = source
        self._run = run
        self._resolve: Resolve = AclRules(source.root, source.acl).resolve
        self._mirror: Mirror | None = None
        self._revisions: Mapping[str, FileRevision] = {}
        self._served = tools.catalog.active_versions(source.name)
        self._outcome = Outcome()
        self._root: tuple[int, int] | None = None

    def run(self) -> Outcome:
        """What became of the source; one that cannot be reached says so, and keeps what it had.

        Raises StoreError and ModelError where no other source could be indexed either.
        """
        try:
            fetched = fetch(
                self._source, pull=self._run.pull, max_file_bytes=self._tools.max_file_bytes
            )
            self._believe(fetched)
            if fetched.walked is not None:
                self._compare(fetched.walked)
        except (RunbookError, MemoryError):
            raise
        except Exception as error:  # the other sources still have their turn
            log.exception("a source was not brought up to date")
            self._unreachable(StoreError(f"it failed ({type(error).__name__}); see the log"))
        return self._outcome

    def _believe(self, fetched: Fetched) -> None:
        self._root = fetched.root
        if fetched.unreachable is not None:
            self._unreachable(fetched.unreachable)
        for problem in fetched.unfetched:
            self._outcome.quarantined[problem.path] = Quarantined(
                self._source.name, problem.path, None, problem.reason
            )
        if fetched.mirror is not None:
            self._mirror = fetched.mirror
            self._resolve = fetched.mirror.resolving(self._resolve)

    def _compare(self, walked: Walk) -> None:
        if self._mirror is None:
            self._revisions = file_revisions(self._source.root)
        self._run.progress.found(len(walked.files))
        for problem in walked.problems:
            self._quarantine(problem.path, QuarantineError(problem.reason))
        for path in self._hidden(walked):
            self._narrow(self._served[path])
        present = set(walked.files)
        vanished: set[str] = set()
        for batch, vectors in self._embedded(self._batches(self._changed(walked.files, vanished))):
            self._commit(batch, vectors)
        still_there = present - vanished
        gone = [path for path in self._served if self._is_gone(path, still_there, walked)]
        if vanished and root_identity(self._source.root) != self._root:
            self._unreachable(StoreError("the folder went away while it was read; try again"))
        elif self._run.prune:
            self._tools.index.delete(self._source.name, gone)
            self._outcome.deleted = len(gone)
        self._record_quarantine(present | set(gone))

    def _unreachable(self, error: RunbookError) -> None:
        self._outcome.unreachable = (
            f"{self._source.name}: {error}; what was indexed before keeps serving"
        )

    def _changed(self, files: Iterable[str], vanished: set[str]) -> Iterator[_Parsed]:
        for path in files:
            try:
                raw = self._read(path)
                if self._is_unchanged(raw):
                    self._outcome.unchanged += 1
                    self._run.progress.done(1, 0)
                else:
                    yield self._parsed(raw)
            except FileVanished:
                vanished.add(path)
            except FileUnsettled:
                self._outcome.unsettled.append((self._source.name, path))
                self._run.progress.done(1, 0)
            except QuarantineError as error:
                self._quarantine(path, error)

    def _parsed(self, raw: RawFile) -> _Parsed:
        """A file read as its format asks. Raises QuarantineError, whatever is wrong with it."""
        try:
            parsed = parse(raw, self._resolve, self._tools.chunker, self._url_of(raw.path))
            self._outcome.suspicious += scan(raw, parsed[1])
        except (RunbookError, MemoryError):
            raise
        except Exception as error:  # readers of formats raise whatever a file makes them meet
            log.warning("a file could not be read as its format asks", exc_info=True)
            raise QuarantineError(_unforeseen(raw.path, error)) from error
        return parsed

    def _read(self, path: str) -> RawFile:
        read = read_file(self._source.root, path, self._tools.max_file_bytes, self._run.settle)
        source, data = self._source.name, read.data
        if self._mirror is not None:
            entry = self._mirror.entry(path, data)
            return RawFile(source, path, data, entry.revision, entry.updated_at)
        known = self._revisions.get(path)
        if known is not None:
            return RawFile(source, path, data, known.commit, known.committed_at)
        return RawFile(source, path, data, content_hash(data), read.mtime)

    def _url_of(self, path: str) -> str | None:
        told = self._mirror.url(path) if self._mirror else None
        return told or self._source.url

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
        self._tools.index.replace(drafts)
        for document, inside in batch:
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
        if path in self._served:
            self._narrow(self._served[path])

    def _narrow(self, served: ActiveVersion) -> None:
        """Take from a quarantined document's ACL what can be seen to have been taken away."""
        limit = self._readable_limit(served)
        if limit is None or (narrowed := readers_of_both(served.acl, limit)) == served.acl:
            return
        draft = self._tools.catalog.draft_of(document_id(self._source.name, served.path))
        if draft is not None:
            document = replace(draft.document, acl=narrowed, acl_narrowed=True)
            self._tools.index.replace([replace(draft, document=document)])

    def _readable_limit(self, served: ActiveVersion) -> frozenset[str] | None:
        limit = self._told_limit(served)
        return limit if self._mirror is None else self._mirror.limited(served.path, limit)

    def _told_limit(self, served: ActiveVersion) -> frozenset[str] | None:
        try:
            own = own_acl_of(self._read(served.path))
        except QuarantineError:
            if served.acl_origin is AclOrigin.DOCUMENT:
                return None  # what it said before is the last that is known
            own = None
        try:
            return self._resolve(served.path, own).acl
        except QuarantineError:
            return None

    def _hidden(self, walked: Walk) -> list[str]:
        """What serves from folders that cannot be looked through."""
        return [
            path
            for path in self._served
            if path not in self._outcome.quarantined
            and _is_within(path, self._source.scope)
            and any(_is_within(path, folder) for folder in walked.unreadable)
        ]

    def _is_gone(self, path: str, present: set[str], walked: Walk) -> bool:
        return (
            path not in present
            and path not in self._outcome.quarantined
            and _is_within(path, self._source.scope)
            and not any(_is_within(path, folder) for folder in walked.unreadable)
        )

    def _record_quarantine(self, looked_at: set[str]) -> None:
        earlier = self._tools.catalog.quarantined_paths(self._source.name)
        known = looked_at | set(self._outcome.quarantined)
        known |= {path for path in earlier if _is_within(path, self._source.scope)}
        self._tools.catalog.record_quarantine(
            self._source.name, list(self._outcome.quarantined.values()), sorted(known)
        )


def _unforeseen(path: str, error: Exception) -> str:
    kind = PurePosixPath(path).suffix.lstrip(".").upper() or "text"
    why = "nested too deeply" if isinstance(error, RecursionError) else type(error).__name__
    return f"not readable as {kind} ({why}); mend it, or leave it out with {IGNORE_FILE}"


def _is_within(path: str, folder: str | None) -> bool:
    return folder in (None, "", ".") or path == folder or path.startswith(f"{folder}/")
