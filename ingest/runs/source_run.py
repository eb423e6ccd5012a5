"""An ingest run, one source after another.

    walk -> read -> compare -> parse -> chunk -> embed -> commit      (a batch of files at a time)

A file that cannot be indexed as it stands is quarantined: it is reported, and its last good
version keeps serving, to the readers that ingest/runs/preparation.py left it. A source that cannot
be reached is reported too, and keeps serving as it was; neither keeps other files or sources from
being indexed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.formats import UNREAD_SUFFIXES
from ingest.isolation.documents import DocumentReader
from ingest.reading.parse import RawFile, Reading, document_of
from ingest.runs.access_changes import narrow_access
from ingest.runs.batches import Parsed, embedded, in_batches
from ingest.runs.preparation import PreparedSource, deleted_paths
from ingest.runs.report import IngestReport, Outcome, report_of
from ingest.runs.request import IngestRequest
from ingest.runs.source_files import SourceFiles
from ingest.sources.files import FileUnsettled, FileVanished
from ingest.sources.walk import Walk, is_within, root_identity
from rag.domain.documents import document_id
from rag.domain.index import FileNote, Quarantined
from rag.errors import QuarantineError, RunbookError, StoreError
from rag.guardrails.redaction import redacted
from rag.indexing.ports import GenerationWriter
from rag.indexing.write_protocol import Draft, IndexWriter
from rag.ports import Vector

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IngestTools:
    """What every run needs."""

    catalog: GenerationWriter
    index: IndexWriter
    reader: DocumentReader
    max_file_bytes: int


def ingest(
    tools: IngestTools, prepared: Sequence[PreparedSource], request: IngestRequest
) -> IngestReport:
    """Make the index equal to the files of every prepared source. The caller holds the index lock.

    A source that cannot be reached is named in the report, and nothing of it is deleted.
    Raises what the request's progress raises; what was committed until then stays.
    """
    started = time.monotonic()
    outcomes = [SourceRun(tools, source, request).run() for source in prepared]
    tools.catalog.finish(datetime.now(UTC))
    return report_of(outcomes, tools.catalog, round(time.monotonic() - started, 3))


class SourceRun:
    """Brings one source up to date."""

    def __init__(
        self, tools: IngestTools, prepared: PreparedSource, request: IngestRequest
    ) -> None:
        self._tools = tools
        self._source = prepared.source
        prepared.commit_access(tools.catalog, tools.index.access, prune=request.prune)
        self._fetched = prepared.fetched
        self._narrowed = prepared.narrowed
        self._deleted = prepared.deleted[tools.catalog.generation.id]
        self._request = request
        self._mirror = prepared.fetched.mirror
        self._files = SourceFiles(self._source, self._mirror, request, tools.max_file_bytes)
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
                self._note_if_empty(self._fetched.walked)
                for suffix, count in self._fetched.walked.others.items():
                    if suffix in UNREAD_SUFFIXES:
                        self._outcome.skipped[suffix] += count
        except (RunbookError, MemoryError):
            raise
        except Exception as error:  # the other sources still have their turn
            log.exception("a source was not brought up to date")
            self._unreachable(StoreError(f"it failed ({type(error).__name__}); see the log"))
        self._tools.catalog.record_outcome(
            self._source.name, self._outcome.summary(datetime.now(UTC))
        )
        return self._outcome

    def _note_if_empty(self, walked: Walk) -> None:
        if not (walked.files or walked.problems or self._fetched.unreachable):
            self._outcome.empty = str(self._source.root / (self._source.scope or ""))

    def _note_what_was_not_fetched(self) -> None:
        if self._fetched.unreachable is not None:
            self._unreachable(self._fetched.unreachable)
        for problem in self._fetched.unfetched:
            self._outcome.quarantined[problem.path] = Quarantined(
                self._source.name, problem.path, None, problem.reason
            )

    def _compare(self, walked: Walk) -> None:
        self._files.read_revisions(walked.files)
        self._request.progress.found(len(walked.files))
        for problem in walked.problems:
            self._quarantine(problem.path, QuarantineError(problem.reason))
        present = set(walked.files)
        vanished: set[str] = set()
        changed = self._changed(walked.files, vanished)
        batches = in_batches(changed, self._request.batch_chunks)
        for batch, vectors in embedded(batches, self._tools.index.embed):
            self._commit(batch, vectors)
        gone = [*deleted_paths(self._served, self._fetched), *(vanished & self._served.keys())]
        if vanished and root_identity(self._source.root) != self._fetched.root:
            self._unreachable(StoreError("the folder went away while it was read; try again"))
        elif self._request.prune:
            self._tools.index.delete(self._source.name, gone)
            self._outcome.deleted += len(gone)
        self._label_narrowed_vectors()
        self._record_quarantine(present | self._deleted | set(gone))
        read_again = {*self._committed, *self._outcome.quarantined, *self._deleted, *gone}
        self._tools.catalog.record_notes(self._source.name, self._outcome.notes, sorted(read_again))

    def _unreachable(self, error: RunbookError) -> None:
        self._outcome.unreachable = (
            f"{self._source.name}: {error}; what was indexed before keeps serving"
        )

    def _changed(self, files: Iterable[str], vanished: set[str]) -> Iterator[Parsed]:
        for raw, reading in self._tools.reader.read(self._to_read(files, vanished)):
            try:
                yield self._parsed(raw, reading)
            except QuarantineError as error:
                self._quarantine(raw.path, error)

    def _to_read(self, files: Iterable[str], vanished: set[str]) -> Iterator[RawFile]:
        for path in files:
            try:
                raw = self._files.read(path)
                if self._files.is_unchanged(raw, self._served.get(path)):
                    self._outcome.unchanged += 1
                    self._request.progress.done(1, 0)
                else:
                    yield raw
            except FileVanished:
                vanished.add(path)
            except FileUnsettled:
                self._outcome.unsettled.append((self._source.name, path))
                self._request.progress.done(1, 0)
            except QuarantineError as error:
                self._quarantine(path, error)

    def _parsed(self, raw: RawFile, reading: Reading | QuarantineError) -> Parsed:
        if isinstance(reading, QuarantineError):
            raise reading
        document = document_of(raw, reading, self._files.resolve, self._files.url_of(raw.path))
        self._outcome.suspicious += reading.suspicious
        for note in reading.notes:
            file_note = FileNote(self._source.name, raw.path, note.line, redacted(note.text))
            self._outcome.notes.append(file_note)
        self._outcome.secrets += reading.secrets
        return document, reading.chunks

    def _commit(self, batch: Sequence[Parsed], made: Sequence[Vector[float]]) -> None:
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
            self._request.progress.done(1, len(inside))

    def _quarantine(self, path: str, error: QuarantineError) -> None:
        reason = redacted(error.reason)  # it may quote the file
        self._outcome.quarantined[path] = Quarantined(self._source.name, path, error.line, reason)
        self._request.progress.done(1, 0)

    def _acls_seen(self, batch: Sequence[Parsed]) -> dict[str, frozenset[str]]:
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
