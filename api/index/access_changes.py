"""Commits changes of access to the catalog: first in every run, and at once for a watcher.

Neither the vector store nor a model is opened here, so what fails there delays nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.runs.access_changes import narrow_access
from ingest.runs.preparation import PreparedSource, known_mirror, prepare
from ingest.runs.request import IngestRequest
from ingest.sources.source import Source
from rag.domain.index import KnownSource
from rag.errors import IndexMissing, StoreError
from rag.indexing.access_changes import AccessWriter
from rag.indexing.ports import Catalog, GenerationWriter
from rag.ports import ChangeObserver


class AccessChanges:
    """Narrows ACLs and withdraws documents in the catalog alone. Raises StoreError."""

    def __init__(self, catalog: Catalog, changes: ChangeObserver) -> None:
        self._catalog = catalog
        self._changes = changes

    def apply(self, sources: Sequence[Source]) -> None:
        """Narrow what serves to whom the files of these sources allow now.

        It waits for no run; one that is at work meanwhile gives back no reader taken away here.
        """
        catalog = self.serving()
        if catalog is not None:
            for source in sources:
                self._narrow(catalog, source)

    def prepare(
        self, request: IngestRequest, catalog: GenerationWriter | None, max_file_bytes: int
    ) -> list[PreparedSource]:
        """Fetch and list every source, and commit to `catalog` what its readers lose.

        Sources that are fetched from elsewhere come last, since they may be slow; what is known
        of them before they are fetched counts at once as well.
        """
        remote = [source for source in request.sources if source.connector or source.checkout]
        local = [source for source in request.sources if source not in remote]
        narrowed = {source.name: self._narrow(catalog, source) for source in remote if catalog}
        prepared: dict[tuple[str, str | None], PreparedSource] = {}
        for source in [*local, *remote]:
            one = prepare(source, pull=request.pull, max_file_bytes=max_file_bytes)
            one.narrowed |= narrowed.get(source.name, set())
            if catalog is not None:
                one.commit_access(catalog, self.writer(catalog), prune=request.prune)
            prepared[source.name, source.scope] = one
        return [prepared[source.name, source.scope] for source in request.sources]

    def withdraw_removed(self, request: IngestRequest, catalog: GenerationWriter) -> list[str]:
        """Stop serving sources that are configured no longer, or that a configured one replaces.

        Returns the names of those that serve nothing any more.
        """
        if not request.prune:
            return []
        known = self._catalog.known_sources()
        removed = [
            source.name
            for source in known
            if request.complete and source.configured and source.name not in request.configured
        ]
        for name in removed:
            self.writer(catalog).withdraw(name, sorted(catalog.active_versions(name)))
        return [*removed, *self._withdraw_replaced(request, catalog, known)]

    def _withdraw_replaced(
        self, request: IngestRequest, catalog: GenerationWriter, known: Sequence[KnownSource]
    ) -> list[str]:
        """Withdraw what was indexed from a path before a source was configured for its files.

        Returns the names of the sources that a configured one replaces as a whole.
        """
        roots = [
            source.root.resolve()
            for source in request.sources
            if source.name in request.configured and source.scope is None
        ]
        replaced: list[str] = []
        for source in known:
            if source.configured or source.name in request.configured:
                continue
            top = Path(source.root).resolve()
            if any(top.is_relative_to(root) for root in roots):
                replaced.append(source.name)
            served = sorted(
                path
                for path in catalog.active_versions(source.name)
                if any((top / path).is_relative_to(root) for root in roots)
            )
            self.writer(catalog).withdraw(source.name, served)
        return replaced

    def serving(self) -> GenerationWriter | None:
        """The catalog of the serving generation, if there is one."""
        try:
            return self._catalog.writer(self._catalog.generations.serving())
        except IndexMissing:
            return None

    def writer(self, catalog: GenerationWriter) -> AccessWriter:
        return AccessWriter(catalog, self._changes)

    def _narrow(self, catalog: GenerationWriter, source: Source) -> set[str]:
        try:
            mirror = known_mirror(source)
        except StoreError:  # the run reports it, and mends it where it can
            return set()
        served = catalog.active_versions(source.name, source.scope)
        return narrow_access(self.writer(catalog), source, served.values(), mirror)
