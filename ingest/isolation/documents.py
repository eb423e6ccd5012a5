"""Documents, read in child processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ingest.chunking.chunker import ChunkSettings
from ingest.isolation.limits import FailureKind, ReadLimits, over_limit
from ingest.isolation.pool import ReaderPool
from ingest.isolation.process import Chunking, Request
from ingest.reading.parse import RawFile, Reading
from rag.domain.documents import document_id
from rag.errors import QuarantineError
from rag.ports import TokenCounterSource

ReadFile = tuple[RawFile, Reading | QuarantineError]


class DocumentReader(Protocol):
    """Decodes, parses and chunks files."""

    def read(self, files: Iterable[RawFile]) -> Iterator[ReadFile]:
        """Each file with its reading, or with why it cannot be read, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class IsolatedDocuments:
    """Reads documents for one embedding model; `counter` is asked for at the first file."""

    pool: ReaderPool
    counter: Callable[[], TokenCounterSource]
    settings: ChunkSettings

    def read(self, files: Iterable[RawFile]) -> Iterator[ReadFile]:
        """Raises WorkerError where no process can be started."""
        requests = ((raw, _request(raw)) for raw in files)
        for raw, reading in self.pool.read(requests, self._chunking):
            yield raw, _checked(raw, reading, self.pool.limits)

    def _chunking(self) -> Chunking:
        return Chunking(self.counter(), self.settings)


def _request(raw: RawFile) -> Request[Reading]:
    item = {"as": "document", "source": raw.source, "path": raw.path}
    return Request(item, raw.data, Reading)


def _checked(
    raw: RawFile, reading: Reading | QuarantineError, limits: ReadLimits
) -> Reading | QuarantineError:
    """The reading, if it is of this file alone: its types were checked, its identity is here."""
    if isinstance(reading, QuarantineError):
        return reading
    identity = document_id(raw.source, raw.path)
    numbered = enumerate(reading.chunks)
    if all(chunk.document_id == identity and chunk.ordinal == n for n, chunk in numbered):
        return reading
    return over_limit(FailureKind.CRASH, limits, "an answer about another file")
