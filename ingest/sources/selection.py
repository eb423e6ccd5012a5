"""Which sources a run is about: the configured ones, or paths on a command line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingest.sources.source import Source
from rag.domain.index import KnownSource
from rag.errors import ConfigurationError

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def sources_for_paths(
    paths: Sequence[Path],
    configured: Sequence[Source],
    known: Sequence[KnownSource],
    acl: frozenset[str] | None,
) -> list[Source]:
    """A source for each path: part of the configured or known one it lies in, else a new one.

    `acl` is the default of new and known sources; a configured one has its own.
    Raises ConfigurationError for a path that is not there.
    """
    earlier = [Source(item.name, Path(item.root), acl) for item in known if not item.configured]
    made: list[Source] = []
    for path in paths:
        if not path.exists():
            raise ConfigurationError(f"{path}: no such file or folder")
        found = _part_of(path.resolve(), configured)
        if found is not None and acl is not None:
            raise ConfigurationError(
                f"{path} lies in the configured source {found.name!r}: set its `acl` in "
                "runbook.toml, not with --acl"
            )
        found = found or _part_of(path.resolve(), [*earlier, *made])
        made.append(found or _new_source(path.resolve(), acl, [*configured, *earlier, *made]))
    return made


def _part_of(path: Path, sources: Sequence[Source]) -> Source | None:
    for source in sources:
        root = source.root.resolve()
        if path == root:
            return replace(source, scope=None)
        if path.is_relative_to(root):
            return replace(source, scope=path.relative_to(root).as_posix())
    return None


def _new_source(path: Path, acl: frozenset[str] | None, others: Sequence[Source]) -> Source:
    root = path if path.is_dir() else path.parent
    name = _NOT_A_NAME.sub("-", root.name).strip("-.") or "root"
    if any(other.name == name and other.root.resolve() != root for other in others):
        name = f"{name}-{hashlib.sha256(str(root).encode()).hexdigest()[:6]}"
    return Source(name, root, acl, scope=None if path == root else path.name)
