"""Which sources a run is about: the configured ones, or paths on a command line."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from ingest.sources.source import Source
from rag.domain.index import KnownSource
from rag.errors import ConfigurationError
from rag.text.suggestions import nearest

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_NAME = 64


def sources_for_paths(
    paths: Sequence[Path],
    configured: Sequence[Source],
    known: Sequence[KnownSource],
    acl: frozenset[str] | None,
) -> list[Source]:
    """A source for each path: part of the configured or known one it lies in, else a new one.

    Sources that lie below a path are part of the run, and the path's own source leaves their
    folders to them: no file is indexed twice. `acl` is the default of new and known sources; a
    configured one has its own. Raises ConfigurationError for a path that is not there.
    """
    earlier = [Source(item.name, Path(item.root), acl) for item in known if not item.configured]
    made: list[Source] = []
    # Folders above others come first, whatever the order on the command line.
    for path in sorted(paths, key=lambda path: len(path.resolve().parts)):
        if not path.exists():
            raise ConfigurationError(missing_path(path))
        found = _part_of(path.resolve(), configured)
        if found is not None and acl is not None:
            raise ConfigurationError(
                f"{path} lies in the configured source {found.name!r}: set its `acl` in "
                "runbook.toml, not with --acl"
            )
        found = found or _part_of(path.resolve(), [*earlier, *made])
        made.append(found or _new_source(path.resolve(), acl, [*configured, *earlier, *made]))
    return _without_overlap(made, configured, earlier)


def without_nested(sources: Sequence[Source]) -> list[Source]:
    """Configured sources, each without the folders of those below it: no file is indexed twice."""
    found: list[Source] = []
    for source in sources:
        folders = (_folder_below(other, source) for other in sources if other is not source)
        inside = frozenset(folder for folder in folders if folder is not None)
        found.append(replace(source, excluded=source.excluded | inside) if inside else source)
    return found


def missing_path(path: Path) -> str:
    """An error message for a path that is not there, with the nearest name beside it."""
    above = path.parent
    siblings = [one.name for one in above.iterdir()] if os.access(above, os.R_OK | os.X_OK) else []
    near = nearest(path.name, siblings)
    meant = f"; did you mean {above / near}?" if near else ""
    return f"{path}: no such file or folder{meant}"


def source_name(root: PurePath) -> str:
    """The name of a source at `root`: its folder's, without what a name may not contain."""
    name = _NOT_A_NAME.sub("-", root.name).strip("-._")
    return name[:_MAX_NAME] or "root"


def _part_of(path: Path, sources: Sequence[Source]) -> Source | None:
    """The innermost of the sources that contain the path, narrowed to it."""
    holding = [source for source in sources if path.is_relative_to(source.root.resolve())]
    if not holding:
        return None
    innermost = max(holding, key=lambda source: len(source.root.resolve().parts))
    root = innermost.root.resolve()
    return replace(innermost, scope=None if path == root else path.relative_to(root).as_posix())


def _new_source(path: Path, acl: frozenset[str] | None, others: Sequence[Source]) -> Source:
    root = path if path.is_dir() else path.parent
    name = source_name(root)
    if any(other.name == name and other.root.resolve() != root for other in others):
        name = f"{name}-{hashlib.sha256(str(root).encode()).hexdigest()[:6]}"
    return Source(name, root, acl, scope=None if path == root else path.name)


def _without_overlap(
    made: Sequence[Source], configured: Sequence[Source], earlier: Sequence[Source]
) -> list[Source]:
    """The sources of a run, with those below them, each part of the disk in one of them."""
    own = {source.name for source in configured}
    run: dict[tuple[str, str | None], Source] = {}
    for source in made:
        if source.name in own:
            run.setdefault((source.name, source.scope), source)
            continue
        below = [
            (other, folder)
            for other in [*configured, *earlier]
            if other.name != source.name and (folder := _folder_below(other, source))
        ]
        excluded = frozenset(folder for _, folder in below)
        run[source.name, source.scope] = replace(source, excluded=excluded)
        for other, folder in below:
            if _covers(source.scope, folder):
                run.setdefault((other.name, None), replace(other, scope=None))
    whole = {name for name, scope in run if scope is None}
    return [source for source in run.values() if source.scope is None or source.name not in whole]


def _folder_below(other: Source, source: Source) -> str | None:
    """The folder of another source below this one's root, relative to that; None without one."""
    if other.connector is not None or other.checkout is not None:
        return None  # kept in the state folder, which is not walked
    root, top = other.root.resolve(), source.root.resolve()
    inside = root != top and root.is_relative_to(top) and root.is_dir()
    return root.relative_to(top).as_posix() if inside else None


def _covers(scope: str | None, folder: str) -> bool:
    return scope is None or folder == scope or folder.startswith(f"{scope}/")
