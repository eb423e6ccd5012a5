"""Watches the roots of sources: those that are there, and those that come, go or are replaced."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from ingest.sources.source import Source
from ingest.sources.walk import root_identity
from ingest.sources.watching import Changes, is_watched

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

_READ_ONLY = frozenset({"opened", "closed_no_write"})
_WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
_LOOKED_AFTER = 1.0  # seconds: whether each root is still the folder that it was
log = logging.getLogger(__name__)


def watch(sources: Sequence[Source], *changes: Changes, polling: bool) -> Callable[[], None]:
    """Start watching every source, and add what changes to each of `changes`; gives what ends it.

    `polling` compares listings once a second instead of asking the system, for network mounts;
    where the system cannot watch so much, listings are compared all the same. A root that is not
    there is watched once it comes, and one in whose place another comes, be it behind a link, is
    watched anew: all of it has changed then.
    """
    roots = [_Root(source, changes, polling) for source in sources]
    for root in roots:
        root.look(roots)
    ended = threading.Event()

    def keep_looking() -> None:
        while not ended.wait(_LOOKED_AFTER):
            for root in roots:
                if root.look(roots):
                    for one in changes:
                        one.add(root.source.name, ".")

    looking = threading.Thread(target=keep_looking, name="roots", daemon=True)
    looking.start()

    def stop() -> None:
        ended.set()
        looking.join(5 * _LOOKED_AFTER)  # a dead network mount may hold it for longer
        for root in roots:
            root.leave()

    return stop


@dataclass(slots=True)
class _Root:
    """One root; `identity` identifies the folder at its path, None if there is none."""

    source: Source
    changes: Sequence[Changes]
    polling: bool
    identity: tuple[int, int] | None = None
    folders: int = 0
    refused: str | None = None
    _observer: BaseObserver | None = field(default=None, repr=False)

    def look(self, roots: Sequence[_Root]) -> bool:
        """Watch the folder at the root now; returns whether it is a new one."""
        found = root_identity(self.source.root)
        if found == self.identity and self._is_alive() == (found is not None):
            return False
        self.leave()
        self.identity = found
        if found is None:
            log.warning("source %s went away; it is watched once it comes", self.source.name)
            return False
        try:
            self._observer = self._watched(roots)
        except OSError as error:  # it went away meanwhile, or cannot be listed: looked at again
            self.identity = None
            self._refuse(str(error.strerror or error))
            return False
        self.refused = None
        return True

    def _refuse(self, reason: str) -> None:
        if reason != self.refused:
            log.warning("source %s cannot be watched yet (%s)", self.source.name, reason)
        self.refused = reason

    def leave(self) -> None:
        """Watch it no longer."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def _is_alive(self) -> bool:
        return self._observer is not None and all(
            emitter.is_alive() for emitter in self._observer.emitters
        )

    def _watched(self, roots: Sequence[_Root]) -> BaseObserver:
        if self.polling:
            return self._observed(_polling())
        from watchdog.observers import Observer

        try:
            self.folders = sum(1 for _ in os.walk(self.source.root))
            _check_limit(sum(root.folders for root in roots))
            return self._observed(Observer())
        except OSError as error:
            if root_identity(self.source.root) is None:
                raise
            log.warning(
                "the system cannot watch source %s (%s); its listings are compared every second. "
                "Raise fs.inotify.max_user_watches and max_user_instances, or say --poll",
                self.source.name,
                error.strerror or error,
            )
            self.folders = 0
            return self._observed(_polling())

    def _observed(self, observer: BaseObserver) -> BaseObserver:
        root = self.source.root.resolve()
        handler: _Handler = _ChangeHandler(self.source.name, root, self.changes)
        observer.schedule(handler, str(root), recursive=True)  # type: ignore[arg-type]  # it only dispatches
        try:
            observer.start()
        except OSError:
            observer.unschedule_all()
            raise
        return observer


def _check_limit(folders: int) -> None:
    # watchdog passes over the folders below a root that the system refuses to watch.
    try:
        max_folders = int(_WATCH_LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    if folders > max_folders:
        raise OSError(errno.ENOSPC, f"{folders} folders, and it watches {max_folders} at most")


def _polling() -> BaseObserver:
    from watchdog.observers.polling import PollingObserver

    return PollingObserver(timeout=1)


class _Handler(Protocol):
    def dispatch(self, event: FileSystemEvent) -> None: ...


class _ChangeHandler:
    """Passes what watchdog sees below one root on to the changes."""

    def __init__(self, source: str, root: Path, changes: Sequence[Changes]) -> None:
        self._source = source
        self._root = root
        self._changes = changes

    def dispatch(self, event: FileSystemEvent) -> None:
        if event.event_type in _READ_ONLY:
            return
        if event.is_directory and event.event_type == "modified":
            return  # changes inside have their own events
        for raw in (event.src_path, event.dest_path):
            if raw:
                self._tell(Path(os.fsdecode(raw)))

    def _tell(self, path: Path) -> None:
        if path.is_relative_to(self._root):
            relative = PurePosixPath(path.relative_to(self._root).as_posix())
            if is_watched(relative):
                for one in self._changes:
                    one.add(self._source, str(relative))
