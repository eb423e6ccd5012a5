"""Reads the files that a walk found, and never anything outside the source's root."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rag.errors import QuarantineError

_MIB = 1024 * 1024


class FileVanished(QuarantineError):
    """The file was there during the walk and is not any more."""


class FileUnsettled(QuarantineError):
    """The file is being written: what was read of it may be half of it."""


class FileTooLarge(QuarantineError):
    """The file is over the limit; only its size was looked at."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file's bytes, read once, and when it was last modified (UTC)."""

    data: bytes
    mtime: datetime


def read_file(root: Path, path: str, max_bytes: int, settle: float = 0.0) -> ReadFile:
    """Read a file that the walk found, whole and once.

    Raises FileVanished when it is gone, FileUnsettled when it changed while it was read or less
    than `settle` seconds before, FileTooLarge, and QuarantineError when it is unreadable, no
    regular file, or leads out of the root.
    """
    with _opened(root, path) as file:
        return _read(file.fileno(), max_bytes, settle)


def read_start(root: Path, path: str, max_bytes: int) -> bytes:
    """The first bytes of a file, even if it is large or being written to.

    Raises FileVanished, and QuarantineError as `read_file` does.
    """
    with _opened(root, path) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise QuarantineError("not a regular file")
        return file.read(max_bytes)


@contextmanager
def _opened(root: Path, path: str) -> Iterator[BinaryIO]:
    """A file below the root, wherever links within the root lead."""
    real_root = os.path.realpath(root)
    real = os.path.realpath(os.path.join(real_root, path))  # noqa: PTH118 - ten times as quick
    if not real.startswith(os.path.join(real_root, "")):  # noqa: PTH118 - with its separator
        raise QuarantineError("a link that leads out of the source; it was not followed")
    try:
        # The resolved path holds no link; one that takes its place meanwhile is not followed.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(real, flags), "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise FileVanished("the file is gone") from error
    except OSError as error:
        raise QuarantineError(f"cannot be read ({error.strerror}); mend its permissions") from error
    except (ValueError, OverflowError) as error:  # a time that no calendar reaches
        raise QuarantineError("its modification time is not a date; touch the file") from error


def _read(descriptor: int, max_bytes: int, settle: float) -> ReadFile:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise QuarantineError("not a regular file")
    # A clock that is ahead of ours makes a file look younger than it can be: it does not wait.
    if 0 <= time.time() - status.st_mtime < settle:
        raise FileUnsettled("it was written to just now")
    if status.st_size <= max_bytes:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            data = file.read(max_bytes + 1)
        after = os.fstat(descriptor)
        if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise FileUnsettled("it was written to while it was read")
        if len(data) <= max_bytes:
            return ReadFile(data, datetime.fromtimestamp(status.st_mtime, UTC))
    raise FileTooLarge(
        f"{status.st_size / _MIB:.1f} MiB, over the limit of {max_bytes / _MIB:.0f} MiB; split it, "
        "or raise ingest.max_file_mib in runbook.toml"
    )
