"""What changed on disk, gathered until it is quiet: a save, a rename, a whole checkout at once."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from ingest.acl_rules import RULE_FILE
from ingest.source_run import Source
from ingest.walk import IGNORE_FILE

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

# Files that say something of their folder, rather than of themselves.
_OF_THEIR_FOLDER = frozenset({RULE_FILE, IGNORE_FILE})
_READ_ONLY = frozenset({"opened", "closed_no_write"})
_WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Debounce:
    """In seconds: how long it must be quiet, and after how long a batch ends without quiet."""

    quiet: float = 0.25
    longest: float = 5.0


class Changes:
    """Paths that changed, by source; filled by a watcher's thread, emptied by whoever indexes."""

    def __init__(self, debounce: Debounce | None = None) -> None:
        self._debounce = debounce or Debounce()
        self._changed: dict[str, set[str]] = {}
        self._first = self._last = 0.0
        self._told = threading.Condition()

    def add(self, source: str, path: str) -> None:
        """A path relative to the source's root, with `/`."""
        with self._told:
            self._last = time.monotonic()
            if not self._changed:
                self._first = self._last
            self._changed.setdefault(source, set()).add(path)
            self._told.notify()

    def take(self, timeout: float) -> dict[str, frozenset[str]]:
        """All that changed, once it has been quiet; nothing when nothing does within `timeout`."""
        with self._told:
            if not self._told.wait_for(lambda: bool(self._changed), timeout):
                return {}
            while (left := self._ends() - time.monotonic()) > 0:
                self._told.wait(left)
            taken, self._changed = self._changed, {}
        return {source: frozenset(paths) for source, paths in taken.items()}

    def _ends(self) -> float:
        return min(self._last + self._debounce.quiet, self._first + self._debounce.longest)


def narrowed(sources: Sequence[Source], changed: dict[str, frozenset[str]]) -> list[Source]:
    """The sources that changed, each narrowed to the folder or file that holds its changes."""
    return [
        replace(source, scope=_scope(changed[source.name]))
        for source in sources
        if source.name in changed
    ]


def _scope(paths: Iterable[str]) -> str | None:
    places = [_place(PurePosixPath(path)).parts for path in paths]
    shared: list[str] = []
    for names in zip(*places, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "/".join(shared) or None


def _place(path: PurePosixPath) -> PurePosixPath:
    return path.parent if path.name in _OF_THEIR_FOLDER else path


def is_watched(path: PurePosixPath) -> bool:
    """Whether a change there can change the index: hidden files and folders cannot."""
    hidden = [name for name in path.parts if name.startswith(".")]
    return not hidden or (path.name in _OF_THEIR_FOLDER and len(hidden) == 1)


class _Handler(Protocol):
    def dispatch(self, event: FileSystemEvent) -> None: ...


class _Told:
    """Passes what watchdog sees below one root on to the changes."""

    def __init__(self, source: str, root: Path, changes: Changes) -> None:
        self._source = source
        self._root = root
        self._changes = changes

    def dispatch(self, event: FileSystemEvent) -> None:
        if event.event_type in _READ_ONLY:
            return
        if event.is_directory and event.event_type == "modified":
            return  # what changed inside is told by itself
        for raw in (event.src_path, event.dest_path):
            if raw:
                self._tell(Path(raw if isinstance(raw, str) else raw.decode()))

    def _tell(self, path: Path) -> None:
        if path.is_relative_to(self._root):
            relative = PurePosixPath(path.relative_to(self._root).as_posix())
            if is_watched(relative):
                self._changes.add(self._source, str(relative))


def watch(
    sources: Sequence[Source],
    changes: Changes,
    *,
    polling: bool,
) -> Callable[[], None]:
    """Start watching every source; gives what ends it.

    `polling` compares listings once a second instead of asking the system, for network mounts;
    where the system cannot watch so much, listings are compared all the same.
    """
    if polling:
        return _observe(_polling(), sources, changes)
    from watchdog.observers import Observer

    try:
        _check_limit(sources)
        return _observe(Observer(), sources, changes)
    except OSError as error:
        _LOG.warning(
            "the system cannot watch the sources (%s); their listings are compared every second. "
            "Raise fs.inotify.max_user_watches and max_user_instances, or say --poll",
            error.strerror or error,
        )
        return _observe(_polling(), sources, changes)


def _check_limit(sources: Sequence[Source]) -> None:
    # watchdog passes over the folders below a root that the system refuses to watch.
    try:
        most = int(_WATCH_LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    folders = sum(1 for source in sources for _ in os.walk(source.root))
    if folders > most:
        raise OSError(errno.ENOSPC, f"{folders} folders, and it watches {most} at most")


def _polling() -> BaseObserver:
    from watchdog.observers.polling import PollingObserver

    return PollingObserver(timeout=1)


def _observe(
    observer: BaseObserver, sources: Sequence[Source], changes: Changes
) -> Callable[[], None]:
    for source in sources:
        root = source.root.resolve()
        handler: _Handler = _Told(source.name, root, changes)
        observer.schedule(handler, str(root), recursive=True)  # type: ignore[arg-type]  # it only dispatches
    try:
        observer.start()
    except OSError:
        observer.unschedule_all()
        raise

    def stop() -> None:
        observer.stop()
        observer.join()

    return stop
