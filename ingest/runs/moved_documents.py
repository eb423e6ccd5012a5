"""Documents whose file moved: they keep serving under the old path until the new one is indexed.

Were they deleted first, a renamed folder could not be found for as long as the run takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.runs.access_changes import AclLimits
from ingest.sources.connectors.mirror import Mirror
from ingest.sources.files import read_file
from ingest.sources.source import Source
from rag.access.acl import readers_of_both
from rag.domain.documents import AclOrigin, content_hash
from rag.domain.index import ActiveVersion
from rag.errors import QuarantineError

_MAX_BYTES = 1024 * 1024  # a larger file is indexed under its new path, and deleted under the old


@dataclass(frozen=True, slots=True)
class _Moved:
    """A served document with its new path."""

    path: str
    acl: frozenset[str]
    acl_origin: AclOrigin
    content_hash: str


def limits_of_moved(
    source: Source, gone: Sequence[ActiveVersion], new: Iterable[str], mirror: Mirror | None = None
) -> dict[str, frozenset[str]]:
    """By old path, who may read the documents of `gone` whose text is in a file of `new`.

    The rules of every place where the text stands now count, so that a document that moved to a
    folder with fewer readers has fewer at once.
    """
    if not gone:
        return {}
    paths = _paths_by_hash(source, new)
    limits = AclLimits(source, mirror)
    found: dict[str, frozenset[str]] = {}
    for version in gone:
        if version.content_hash in paths:
            found[version.path] = _limit(version, paths[version.content_hash], limits)
    return found


def _limit(version: ActiveVersion, paths: Sequence[str], limits: AclLimits) -> frozenset[str]:
    acl = version.acl
    for path in paths:
        moved = _Moved(path, version.acl, version.acl_origin, version.content_hash)
        limit = limits.around(moved)
        acl = acl if limit is None else readers_of_both(acl, limit)
    return acl


def _paths_by_hash(source: Source, paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        try:
            data = read_file(source.root, path, _MAX_BYTES).data
        except QuarantineError:
            continue
        found.setdefault(content_hash(data), []).append(path)
    return found
