"""Ways of reading documents for tests."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.chunking.chunker import Chunker
from ingest.isolation.documents import ReadFile
from ingest.lint.page import Content, read_content
from ingest.reading.parse import RawFile, read_document
from rag.errors import QuarantineError
from rag.ports import TokenCounterSource

LOOP, SLEEP, SWELL, CRASH, RAISE = "loop!", "sleep!", "swell!", "crash!", "raise!"


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


MISBEHAVING = TokenCounterSource(f"{__name__}:make_misbehaving_counter", "")


def make_misbehaving_counter(argument: str) -> Callable[[Sequence[str]], list[int]]:
    """A counter that does what a text orders: it stands for any reader that goes wrong."""

    def count(texts: Sequence[str]) -> list[int]:
        for text in texts:
            _obey(text)
        return [len(text.split()) for text in texts]

    return count


def _obey(text: str) -> None:
    if LOOP in text:
        while True:
            pass
    if SLEEP in text:
        time.sleep(600)
    if SWELL in text:
        held = [bytearray(1 << 20) for _ in range(1 << 20)]
        raise AssertionError(len(held))
    if CRASH in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if RAISE in text:
        raise KeyError(text)
