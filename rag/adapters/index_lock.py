"""One process owns an index: two that write one Chroma directory lose vectors for good."""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from rag.adapters.catalog.database import make_folder
from rag.errors import IndexBusy, StoreError


class IndexLock:
    """An exclusive lock on a state folder; the kernel lets it go when its process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "index.lock"
        self._descriptor: int | None = None

    def acquire(self) -> Self:
        """Take the lock, or raise IndexBusy naming the process that holds it."""
        make_folder(self._path.parent)
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written ({error.strerror}): mend the owner or the mount "
                "of the state folder, or set `state`"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise IndexBusy(_message(self._path, holder)) from error
        with suppress(OSError):  # a full disk: the lock holds even if its file is empty
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _who_we_are().encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def _who_we_are() -> str:
    command = " ".join(["runbook", *sys.argv[1:2]])
    return f"{command} (process {os.getpid()})"


def _message(path: Path, holder: str) -> str:
    return (
        f"the index in {path.parent} is in use by {holder or 'another process'}: wait until it "
        "ends, or stop it, and try again. A running `runbook serve` indexes when it is asked by "
        "POST /v1/reindex, and at every change with `--watch`."
    )
