"""The group hierarchy of runbook.toml; a change takes effect at the next request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from api.settings import Settings, load_settings
from rag.access.groups import GroupHierarchy
from rag.errors import ConfigurationError

log = logging.getLogger(__name__)

_Stamp = tuple[int, int, int]
_UNREAD: _Stamp = (-1, -1, -1)


class GroupsFile:
    """Checks the file's stamp at every call, which costs a few microseconds.

    If the file cannot be read or is invalid, the last valid hierarchy stays in effect, the reason
    is logged once, and `failed` is called.
    """

    def __init__(self, settings: Settings, failed: Callable[[], None]) -> None:
        self._path = settings.read_from
        self._failed = failed
        self._reading = threading.Lock()
        # Matches no file, so a change made while the settings were read is found at the first call.
        self._stamp = None if self._path is None else _UNREAD
        self._groups = GroupHierarchy(settings.groups)

    def __call__(self) -> GroupHierarchy:
        if _stamp(self._path) != self._stamp:
            with self._reading:
                self._reload()
        return self._groups

    def _reload(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        try:
            self._groups = GroupHierarchy(load_settings(self._path).groups)
        except ConfigurationError as error:
            self._failed()
            log.error("invalid configuration: the groups stay unchanged", exc_info=error)
        else:
            log.info("reloaded the groups")
        self._stamp = stamp


def _stamp(path: Path | None) -> _Stamp | None:
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
