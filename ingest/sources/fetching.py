"""Updates a remote source, then lists its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.formats import SUFFIXES
from ingest.sources.connectors.mirror import Mirror, refresh
from ingest.sources.connectors.port import Connector
from ingest.sources.git_source import GitCheckout
from ingest.sources.source import Source
from ingest.sources.walk import Problem, Walk, root_identity, walk
from rag.errors import ConfigurationError, RunbookError, StoreError


@dataclass(frozen=True, slots=True)
class Fetched:
    """`walked` is None if the source could not be listed.

    `unreachable` says why it could not be brought up to date, and `unfetched` which documents of
    it could not; `root` identifies the folder that was listed.
    """

    walked: Walk | None = None
    root: tuple[int, int] | None = None
    mirror: Mirror | None = None
    unfetched: Sequence[Problem] = ()
    unreachable: RunbookError | None = None


def fetch(source: Source, *, pull: bool, max_file_bytes: int) -> Fetched:
    """Fetch what a whole run is to fetch, and list the source. `pull` asks git even if it may wait.

    Where fetching fails, what was fetched before is listed.
    """
    mirror: Mirror | None = None
    unfetched: Sequence[Problem] = ()
    failure: RunbookError | None = None
    try:
        if source.connector is not None:
            unfetched, failure = _mirrored(source, source.connector, max_file_bytes)
            mirror = Mirror.read(source.root)
        if source.checkout is not None and source.scope is None:
            if pull or root_identity(source.root) is None:
                failure = _pulled(source.checkout)
            if failure is not None and root_identity(source.root) is None:
                return Fetched(unreachable=failure)
        root = root_identity(source.root)
        walked = walk(source.root, SUFFIXES, source.scope, source.excluded)
    except (ConfigurationError, StoreError) as error:
        return Fetched(mirror=mirror, unfetched=unfetched, unreachable=error)
    return Fetched(walked, root, mirror, unfetched, failure)


def _mirrored(
    source: Source, connector: Connector, max_file_bytes: int
) -> tuple[Sequence[Problem], RunbookError | None]:
    """Bring the mirror up to date, where the run is about all of it."""
    try:
        if source.scope is None:
            return refresh(connector, source.root, max_file_bytes), None
    except StoreError as error:
        return (), error
    return (), None


def _pulled(checkout: GitCheckout) -> RunbookError | None:
    try:
        checkout.pull()
    except StoreError as error:
        return error
    return None
