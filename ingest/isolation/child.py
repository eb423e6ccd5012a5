"""The process that reads files: started by `process.py`, it is asked through its standard input.

    limits      what one file may cost, once, before anything else
    chunking    how chunks are made of documents
    read        a batch of files; each is answered by itself, in their order

Processor time and memory are limited by the kernel, so that no code that reads a file has to
cooperate; time by the clock and the size of an answer are limited by the parent.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path, PurePosixPath

from ingest.chunking.chunker import Chunker, ChunkSettings
from ingest.chunking.prose import TokenCounter
from ingest.isolation.frames import ConnectionClosed, Header, receive, send
from ingest.isolation.limits import MIB
from ingest.isolation.readings import encode
from ingest.reading.parse import read_document
from rag.errors import QuarantineError
from rag.ports import TokenCounterSource

_MAX_REQUEST = 1 << 31
_MAX_REASON = 500  # characters
# The service that answers questions on the same cores has priority over reading files.
_NICENESS = 10
_STATM = Path("/proc/self/statm")


class Child:
    """Answers one request after another. `chunker` is set by the parent before it is needed."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._seconds = 0.0
        self._chunker: Chunker | None = None

    def run(self) -> None:
        """Until the parent closes the connection."""
        with suppress(ConnectionClosed, OSError):
            while True:
                header, body = receive(self._connection, _MAX_REQUEST)
                self._handle(header, body)

    def _handle(self, header: Header, body: bytes) -> None:
        match header["do"]:
            case "limits":
                self._limit(header)
            case "chunking":
                self._set_chunking(json.loads(body))
            case "read":
                self._read(header["files"], body)

    def _limit(self, header: Header) -> None:
        self._seconds = float(header["seconds"])
        _limit_memory(int(header["memory_mib"]) * MIB)
        send(self._connection, {"is": "ready"})

    def _set_chunking(self, chosen: Header) -> None:
        try:
            counter = make_counter(TokenCounterSource(**chosen["counter"]))
            self._chunker = Chunker(counter, ChunkSettings(**chosen["settings"]))
        except Exception as error:  # whatever a model's tokenizer raises
            reason = f"{type(error).__name__}: {error}"[:_MAX_REASON]
            send(self._connection, {"is": "failed", "reason": reason})
            return
        send(self._connection, {"is": "ready"})

    def _read(self, files: Sequence[Header], body: bytes) -> None:
        start = 0
        for item in files:
            data = body[start : start + item["size"]]
            start += item["size"]
            # Its signal ends this process by default, wherever it is, in C code too.
            signal.setitimer(signal.ITIMER_PROF, self._seconds)
            header, value = self._answer(item, data)
            signal.setitimer(signal.ITIMER_PROF, 0)
            send(self._connection, {**header, "resident_mib": _resident_mib()}, value)

    def _answer(self, item: Header, data: bytes) -> tuple[Header, bytes]:
        try:
            return {"is": "read"}, encode(self._value(item, data))
        except QuarantineError as error:
            return _quarantined(error.reason, error.line)
        except MemoryError:
            return {"is": "memory"}, b""
        except Exception as error:  # readers of formats raise whatever a file makes them meet
            return _quarantined(_unforeseen(item["path"], error), None)

    def _value(self, item: Header, data: bytes) -> object:
        if item["as"] == "document" and self._chunker is not None:
            return read_document(item["source"], item["path"], data, self._chunker)
        from ingest.lint.page import read_content

        return read_content(item["path"], data)


def make_counter(source: TokenCounterSource) -> TokenCounter:
    """The counter that a source describes. Raises whatever its factory does."""
    module, function = source.factory.split(":")
    made: TokenCounter = getattr(import_module(module), function)(source.argument)
    return made


def _quarantined(reason: str, line: int | None) -> tuple[Header, bytes]:
    return {"is": "quarantined", "reason": reason[:_MAX_REASON], "line": line}, b""


def _unforeseen(path: str, error: Exception) -> str:
    kind = PurePosixPath(path).suffix.lstrip(".").upper() or "text"
    why = type(error).__name__
    if isinstance(error, RecursionError):
        why = "nested too deeply"
    elif isinstance(error, UnicodeEncodeError):
        why = "it holds half of a surrogate pair, which is no character"
    return f"not readable as {kind} ({why}); repair it, or exclude it in .runbookignore"


def _limit_memory(size: int) -> None:
    """Limit what this process can write to: its heap and every library's.

    What it shares with other processes, mainly the code of libraries, is taken off the limit.
    """
    shared = _statm()[2]
    resource.setrlimit(resource.RLIMIT_DATA, (max(size - shared, 0), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold a document's text


def _resident_mib() -> int:
    return _statm()[1] // MIB


def _statm() -> tuple[int, ...]:
    """Virtual, resident and shared memory in bytes; zeros where the system does not say."""
    try:
        pages = _STATM.read_text(encoding="ascii").split()[:3]
    except OSError:
        return 0, 0, 0
    return tuple(int(count) * resource.getpagesize() for count in pages)


def main() -> None:
    """Ignores the signals that end the parent: it would seem that a file had ended this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICENESS)
    with socket.socket(fileno=sys.stdin.fileno()) as connection:
        Child(connection).run()


if __name__ == "__main__":
    main()
