"""In-memory index of what alerts can refer to, kept up to date with the catalog.

It knows names, paths and headings of every served document, for whoever asks: a caller must read
each document that it finds through the catalog's check of access.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.rows import anchors_of, strings
from rag.adapters.catalog.schema import chunks, generations, state, versions
from rag.alerts.claims import ClaimIndex, DocumentNames
from rag.domain.documents import Kind

_SERVED = sa.and_(
    versions.c.state == "active",
    versions.c.generation.in_(sa.select(generations.c.id).where(generations.c.state == "serving")),
)


class CatalogClaims:
    """Reads each version once: what it says of itself never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading = threading.Lock()
        self._names: dict[int, DocumentNames] = {}
        self._changes = -1
        self._index = ClaimIndex(())

    def index(self) -> ClaimIndex:
        """The claims of what is served now. Raises StoreError."""
        with self._reading, self._database.read() as connection:
            changes = int(connection.scalar(sa.select(state.c.changes)) or 0)
            if changes != self._changes:
                self._names = self._current(connection)
                self._index = ClaimIndex(self._names.values())
                self._changes = changes
            return self._index

    def names(self) -> Iterable[DocumentNames]:
        """The names of every served document, for reports over the whole catalog."""
        self.index()
        return self._names.values()

    def _current(self, connection: sa.Connection) -> dict[int, DocumentNames]:
        served = list(connection.scalars(sa.select(versions.c.id).where(_SERVED)))
        unknown = [version for version in served if version not in self._names]
        read = _read(connection, unknown)
        return {version: self._names.get(version) or read[version] for version in served}


def _read(connection: sa.Connection, wanted: Sequence[int]) -> dict[int, DocumentNames]:
    if not wanted:
        return {}
    # One JSON parameter, whatever the number of versions.
    listed = sa.func.json_each(json.dumps(list(wanted))).table_valued("value")
    among = sa.select(listed.c.value)
    headings: dict[int, dict[str, None]] = {}
    sections = sa.select(chunks.c.version, chunks.c.section).where(chunks.c.version.in_(among))
    for version, section in connection.execute(sections.order_by(chunks.c.key)):
        headings.setdefault(version, {}).update(dict.fromkeys(strings(section)))
    rows = connection.execute(sa.select(versions).where(versions.c.id.in_(among)))
    return {
        row.id: DocumentNames(
            row.document_id,
            row.path,
            Kind(row.kind),
            row.title,
            row.url,
            tuple(strings(row.alerts)),
            tuple(headings.get(row.id, ())),
            anchors_of(row.anchors),
        )
        for row in rows
    }
