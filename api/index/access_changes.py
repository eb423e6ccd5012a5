"""Commits changes of access to the catalog: first in every run, and at once for a watcher.

Neither the vector store nor a model is opened here, so what fails there delays nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.runs.access_changes import narrow_access
from ingest.runs.preparation import PreparedSource, known_mirror, prepare
from ingest.runs.request import IngestRequest
from ingest.sources.source import Source
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
        prepared: dict[str, PreparedSource] = {}
        for source in [*local, *remote]:
            one = prepare(source, pull=request.pull, max_file_bytes=max_file_bytes)
            one.narrowed |= narrowed.get(source.name, set())
            if catalog is not None:
                one.commit_access(catalog, self.writer(catalog), prune=request.prune)
            prepared[source.name] = one
        return [prepared[source.name] for source in request.sources]

    def withdraw_removed(self, request: IngestRequest, catalog: GenerationWriter) -> list[str]:
        """Stop serving sources that are configured no longer; returns their names."""
        if not (request.complete and request.prune):
            return []
        removed = [
            source.name
            for source in self._catalog.known_sources()
            if source.configured and source.name not in request.configured
        ]
        for name in removed:
            self.writer(catalog).withdraw(name, sorted(catalog.active_versions(name)))
        return removed

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
