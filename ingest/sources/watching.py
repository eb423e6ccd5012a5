"""What changed on disk, gathered until it is quiet: a save, a rename, a whole checkout at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ingest.reading.acl_rules import RULE_FILE
from ingest.sources.source import Source
from ingest.sources.walk import IGNORE_FILE

# Files that say something of their folder, rather than of themselves.
_OF_THEIR_FOLDER = frozenset({RULE_FILE, IGNORE_FILE})


@dataclass(frozen=True, slots=True)
class Debounce:
    """In seconds: how long it must be quiet, and after how long a batch ends without quiet."""

    quiet: float = 0.25
    longest: float = 5.0


class Changes:
    """Paths that changed, by source; filled by a watcher's thread, emptied by the indexer."""

    def __init__(self, debounce: Debounce | None = None) -> None:
        self._debounce = debounce or Debounce()
        self._changed: dict[str, set[str]] = {}
        self._first = self._last = 0.0
        self._changed_condition = threading.Condition()

    def add(self, source: str, path: str) -> None:
        """A path relative to the source's root, with `/`."""
        with self._changed_condition:
            self._last = time.monotonic()
            if not self._changed:
                self._first = self._last
            self._changed.setdefault(source, set()).add(path)
            self._changed_condition.notify()

    def take(self, timeout: float) -> dict[str, frozenset[str]]:
        """All that changed, once it has been quiet; nothing when nothing does within `timeout`."""
        with self._changed_condition:
            if not self._changed_condition.wait_for(lambda: bool(self._changed), timeout):
                return {}
            while (left := self._ends() - time.monotonic()) > 0:
                self._changed_condition.wait(left)
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
