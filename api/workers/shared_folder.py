"""The folder of what the processes of one service share while it runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import StoreError

_PREFIX = "workers-"
_LOCK = "owner.lock"


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """Readable by its owner alone; the paths of what lies in it."""

    path: Path

    @property
    def counts(self) -> Path:
        return self.path / "counts.db"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    @property
    def log_lock(self) -> Path:
        return self.path / "log.lock"


@contextmanager
def shared_folder(state: Path) -> Iterator[SharedFolder]:
    """A new folder below the state folder, removed at the end. Raises StoreError.

    Folders that services left behind which were killed are removed first.
    """
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_abandoned(state)
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=state))
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = SharedFolder(path)
        folder.metrics.mkdir(mode=0o700)
    except OSError as error:
        raise StoreError(
            f"no folder can be made in {state} ({error.strerror}): make room on its disk, and "
            "mend its owner or its mount, or set `state`"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(state: Path) -> None:
    for path in state.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # it is being made or removed
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            pass  # its service runs
        finally:
            os.close(lock)
