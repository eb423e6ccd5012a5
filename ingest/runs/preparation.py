"""The first step of a run: fetch and list each source, and commit what readers lose.

All of it comes before the first document is parsed, and needs no vector store and no model.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.runs.access_changes import narrow_access
from ingest.runs.moved_documents import limits_of_moved
from ingest.sources.connectors.mirror import Mirror
from ingest.sources.fetching import Fetched, fetch
from ingest.sources.source import Source
from ingest.sources.walk import Walk, is_within, root_identity
from rag.domain.index import ActiveVersion
from rag.errors import RunbookError, StoreError
from rag.indexing.access_changes import AccessWriter
from rag.indexing.ports import GenerationWriter

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PreparedSource:
    """A source that was fetched and listed.

    `narrowed` are the paths of documents that fewer may read since the run began; `deleted`, by
    generation, of those that are served no longer.
    """

    source: Source
    fetched: Fetched
    narrowed: set[str] = field(default_factory=set)
    deleted: dict[int, frozenset[str]] = field(default_factory=dict)

    def commit_access(
        self, catalog: GenerationWriter, writer: AccessWriter, *, prune: bool
    ) -> None:
        """Narrow and delete in the catalog's generation what the files say; once for each.

        Of a source that cannot be listed nothing is deleted. Raises StoreError.
        """
        generation = catalog.generation.id
        if generation in self.deleted:
            return
        self.deleted[generation] = frozenset()
        try:
            served = catalog.active_versions(self.source.name, self.source.scope)
            self._narrow(writer, served)
            if prune and self.fetched.walked is not None:
                gone = self._delete(writer, served, self.fetched.walked)
                self.deleted[generation] = frozenset(gone)
        except (RunbookError, MemoryError):
            raise
        except Exception as error:  # the other sources still have their turn
            self.fetched = Fetched(unreachable=_unforeseen(error))

    def _narrow(self, writer: AccessWriter, served: dict[str, ActiveVersion]) -> None:
        if self.source.connector is not None and self.fetched.mirror is None:
            return  # who may read its documents is not known
        mirror = self.fetched.mirror
        self.narrowed |= narrow_access(writer, self.source, served.values(), mirror)

    def _delete(
        self, writer: AccessWriter, served: dict[str, ActiveVersion], walked: Walk
    ) -> list[str]:
        if root_identity(self.source.root) != self.fetched.root:
            return []
        gone = [served[path] for path in deleted_paths(served, self.fetched)]
        new = [path for path in walked.files if path not in served]
        moved = limits_of_moved(self.source, gone, new, self.fetched.mirror)
        self.narrowed.update(writer.narrow(self.source.name, moved))
        deleted = sorted(version.path for version in gone if version.path not in moved)
        writer.withdraw(self.source.name, deleted)
        return deleted


def prepare(source: Source, *, pull: bool, max_file_bytes: int) -> PreparedSource:
    """Fetch and list a source. One that cannot be reached says why, and fails no other."""
    try:
        fetched = fetch(source, pull=pull, max_file_bytes=max_file_bytes)
    except (RunbookError, MemoryError):
        raise
    except Exception as error:  # the other sources still have their turn
        fetched = Fetched(unreachable=_unforeseen(error))
    return PreparedSource(source, fetched)


def known_mirror(source: Source) -> Mirror | None:
    """What was last mirrored of a source that has a connector; None for any other.

    Raises StoreError when its manifest cannot be read.
    """
    return None if source.connector is None else Mirror.read(source.root)


def deleted_paths(served: Iterable[str], fetched: Fetched) -> list[str]:
    """Of the served paths within the run's scope, those whose files are gone.

    What could not be fetched or looked at is not taken for gone.
    """
    walked = fetched.walked
    if walked is None:
        return []
    present = {*walked.files, *(problem.path for problem in walked.problems)}
    present.update(problem.path for problem in fetched.unfetched)
    return [
        path
        for path in served
        if path not in present and not any(is_within(path, one) for one in walked.unreadable)
    ]


def _unforeseen(error: Exception) -> StoreError:
    log.exception("a source could not be listed, or its access rules not be applied")
    return StoreError(f"it failed ({type(error).__name__}); see the log")
