"""A file of lines that rotates by size and that several processes write.

The library's handler rotates for one process. Here each line is written under a lock that the
processes share, and the file is open for that line alone: it can be rotated at any time.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

_OWNER_ALONE = 0o600


class AuditFile:
    """Lines in a file that its owner alone may read; `files` are kept in all."""

    def __init__(self, path: Path, max_bytes: int, files: int, failed: Callable[[], None]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._handler = _SharedHandler(path, max_bytes, files, failed)

    def write(self, line: str) -> None:
        self._handler.handle(logging.makeLogRecord({"msg": "%s", "args": (line,)}))


class _SharedHandler(RotatingFileHandler):
    def __init__(self, path: Path, max_bytes: int, files: int, failed: Callable[[], None]) -> None:
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._failed = failed
        super().__init__(
            path, maxBytes=max_bytes, backupCount=files - 1, encoding="utf-8", delay=True
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line, or count one failure. A line that a full disk cut is ended first."""
        try:
            with self._alone():
                try:
                    if self.shouldRollover(record):
                        self.doRollover()
                finally:
                    self.close()
                self._append(f"{self.format(record)}\n".encode("utf-8", "replace"))
        except OSError:
            self.handleError(record)

    def _append(self, line: bytes) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.baseFilename, flags, _OWNER_ALONE)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, "the line was cut off")
        finally:
            os.close(descriptor)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the library's
        # The library prints the record, and with it the question, to stderr.
        self._failed()

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(
            self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _OWNER_ALONE
        )
        return os.fdopen(descriptor, "a", encoding=self.encoding)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ALONE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
