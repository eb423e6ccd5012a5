"""Ways of reading documents for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar, cast
from unittest.mock import patch

from api.compose.readers import read_limits
from api.settings import Settings
from ingest.chunking.chunker import Chunker
from ingest.isolation.child import make_counter
from ingest.isolation.documents import ReadFile
from ingest.isolation.limits import FailureKind
from ingest.isolation.pool import ReaderPool
from ingest.isolation.process import Chunking, Request
from ingest.lint.page import Content, read_content
from ingest.reading.parse import RawFile, read_document
from rag.errors import QuarantineError

Key = TypeVar("Key")
Value = TypeVar("Value")

_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class InProcessReader:
    """Reads documents in this process, without limits."""

    chunker: Chunker

    def read(self, files: Iterable[RawFile]) -> Iterator[ReadFile]:
        for raw in files:
            try:
                yield raw, read_document(raw.source, raw.path, raw.data, self.chunker)
            except QuarantineError as error:
                yield raw, error


class InProcessReaders(ReaderPool):
    """A pool without processes, for tests that change the code by which documents are read."""

    def start(self) -> None: ...

    def read(
        self,
        requests: Iterable[tuple[Key, Request[Value]]],
        chunking: Callable[[], Chunking] | None = None,
    ) -> Iterator[tuple[Key, Value | QuarantineError]]:
        for key, request in requests:
            assert chunking is not None
            chosen = chunking()
            chunker = Chunker(make_counter(chosen.counter), chosen.settings)
            raw = RawFile(request.item["source"], request.item["path"], request.data, "", _NO_DATE)
            [(_, reading)] = InProcessReader(chunker).read([raw])
            yield key, cast("Value | QuarantineError", reading)


@contextmanager
def reading_in_process() -> Iterator[None]:
    """Documents are read in this process by whatever is composed inside."""

    def make(
        settings: Settings, on_failure: Callable[[FailureKind], None], *, start: bool
    ) -> ReaderPool:
        return InProcessReaders(read_limits(settings), on_failure)

    with patch("api.compose.readers.make_readers", make):
        yield


class InProcessPages:
    """Parses pages for the linter in this process, without limits."""

    def read(
        self, files: Iterable[tuple[str, bytes]]
    ) -> Iterator[tuple[str, Content | QuarantineError]]:
        for path, data in files:
            yield path, content_of(path, data)


def content_of(path: str, data: bytes) -> Content | QuarantineError:
    """What the linter reads of a page."""
    try:
        return read_content(path, data)
    except QuarantineError as error:
        return error
