"""The catalog as searches read it: the second check, documents, and counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.access import may_read, passes, readable_sets
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.rows import chunk_of, document_of, strings
from rag.adapters.catalog.schema import (
    acl_sets,
    chunks,
    generations,
    jobs,
    notes,
    quarantine,
    state,
    versions,
)
from rag.domain.documents import Chunk, Document, FreshnessStatus, IndexedChunk
from rag.domain.index import FileNote, IndexSummary, Quarantined
from rag.domain.jobs import JobState
from rag.domain.search import Filters
from rag.retrieval.empty_results import Facets
from rag.retrieval.freshness import status_of

_SERVED = sa.and_(
    versions.c.state == "active",
    versions.c.generation.in_(sa.select(generations.c.id).where(generations.c.state == "serving")),
)
_DOCUMENTS = sa.select(versions, acl_sets.c.tags.label("acl_tags")).join(
    acl_sets, acl_sets.c.id == versions.c.acl_set
)

_CHANGES = sa.select(state.c.changes)
_QUERIES_KEPT = 256


class CatalogReader:
    """Every method that returns documents takes an AccessFilter."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change_count(self) -> int:
        """Rises with every commit that changes what is served."""
        with self._database.read() as connection:
            return int(connection.scalar(_CHANGES) or 0)

    def readable_sets(self, access: AccessFilter) -> frozenset[int] | None:
        """The numbers of the ACL sets that pass; None when everything does."""
        with self._database.read() as connection:
            return readable_sets(connection, access)

    def fetch(
        self, keys: Sequence[int], *, access: AccessFilter, filters: Filters
    ) -> dict[int, IndexedChunk]:
        """The chunks of active versions among `keys` that pass, in one snapshot."""
        query = _chunks_among(access, filters)
        with self._database.read() as connection:
            rows = connection.execute(query, {"keys": json.dumps(list(keys))}).mappings()
            found = [IndexedChunk(row["key"], chunk_of(row), document_of(row)) for row in rows]
        return {item.key: item for item in found if access.allows(item.document.acl)}

    def refused(self, wanted: Sequence[int], *, access: AccessFilter) -> int:
        """How many of the versions `wanted` are served pages that the filter forbids."""
        query = (
            sa.select(sa.func.count())
            .select_from(versions)
            .where(_among(wanted), _SERVED, sa.not_(may_read(access)))
        )
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def documents(
        self, *, access: AccessFilter, filters: Filters, limit: int, after: tuple[str, str]
    ) -> list[Document]:
        """The next `limit` documents that may be read, by source and path, after `after`."""
        behind = sa.tuple_(versions.c.source, versions.c.path) > sa.tuple_(*after)
        return self._listed(sa.and_(passes(filters), behind), access, limit)

    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None:
        """One document with its chunks in order; None when absent or forbidden."""
        if access.nothing:
            return None
        query = _DOCUMENTS.where(_SERVED, may_read(access), versions.c.document_id == document_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            inside = connection.execute(
                sa.select(chunks, versions.c.document_id)
                .join(versions, versions.c.id == chunks.c.version)
                .where(chunks.c.version == row["id"])
                .order_by(chunks.c.ordinal)
            ).mappings()
            return document_of(row), tuple(chunk_of(chunk) for chunk in inside)

    def facets(self, *, access: AccessFilter) -> Facets:
        """The sources and services of the documents that may be read."""
        if access.nothing:
            return Facets()
        readable = (
            sa.select(versions.c.source, versions.c.service)
            .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
            .where(_SERVED, may_read(access))
            .distinct()
        )
        with self._database.read() as connection:
            rows = list(connection.execute(readable))
        services = (service for row in rows for service in strings(row.service))
        return Facets(frozenset(row.source for row in rows), frozenset(services))

    def every_document(self, *, access: AccessFilter) -> list[Document]:
        """All that may be read, ordered by source and path; for reports over the whole catalog."""
        return self._listed(sa.true(), access, None)

    def _listed(
        self, condition: sa.ColumnElement[bool], access: AccessFilter, limit: int | None
    ) -> list[Document]:
        if access.nothing:
            return []
        query = (
            _DOCUMENTS.where(_SERVED, may_read(access), condition)
            .order_by(versions.c.source, versions.c.path)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [document_of(row) for row in connection.execute(query).mappings()]

    def passages_holding(self, words: str, *, access: AccessFilter) -> list[tuple[str, str, str]]:
        """Source, path and text of each passage that may be read and holds `words` as written."""
        query = (
            sa.select(versions.c.source, versions.c.path, chunks.c.text)
            .join(versions, versions.c.id == chunks.c.version)
            .where(_SERVED, may_read(access), sa.func.instr(chunks.c.text, words) > 0)
        )
        with self._database.read() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def quarantined(self) -> list[Quarantined]:
        """Every quarantined file; for administrators."""
        query = sa.select(quarantine).order_by(quarantine.c.source, quarantine.c.path)
        with self._database.read() as connection:
            return [Quarantined(**row) for row in connection.execute(query).mappings()]

    def file_notes(self, *, access: AccessFilter) -> list[FileNote]:
        """The notes on the files of served documents that may be read."""
        columns = (notes.c.source, notes.c.path, notes.c.line, notes.c.text)
        document = (versions.c.source == notes.c.source) & (versions.c.path == notes.c.path)
        query = (
            sa.select(*columns)
            .join(versions, document)
            .where(_SERVED, may_read(access))
            .order_by(*columns)
        )
        with self._database.read() as connection:
            return [FileNote(**row) for row in connection.execute(query).mappings()]

    def summary(self, today: date, review_every: timedelta) -> IndexSummary:
        """Counts of what is served; for metrics and `doctor`. `review_every` is the default."""
        with self._database.read() as connection:
            freshness = _freshness_counts(connection, today, review_every)
            served = sa.select(versions.c.id).where(_SERVED)
            count = (
                sa.select(sa.func.count()).select_from(chunks).where(chunks.c.version.in_(served))
            )
            held = sa.select(sa.func.count()).select_from(quarantine)
            generation = sa.select(generations.c.id).where(generations.c.state == "serving")
            last, failure = connection.execute(
                sa.select(state.c.last_success, state.c.last_failure)
            ).one()
            return IndexSummary(
                generation=connection.scalar(generation) or 0,
                documents=sum(freshness.values()),
                chunks=connection.scalar(count) or 0,
                quarantined=connection.scalar(held) or 0,
                last_success=datetime.fromisoformat(last) if last else None,
                last_failure=failure,
                freshness=freshness,
                jobs=_job_counts(connection),
            )


@lru_cache(_QUERIES_KEPT)  # making a statement takes as long as running it
def _chunks_among(access: AccessFilter, filters: Filters) -> sa.Select[Any]:
    """Chunks that may be read among those of the parameter `keys`, a JSON list."""
    listed = sa.func.json_each(sa.bindparam("keys")).table_valued("value")
    return (
        sa.select(chunks, versions, acl_sets.c.tags.label("acl_tags"))
        .join(versions, versions.c.id == chunks.c.version)
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
        .where(chunks.c.key.in_(sa.select(listed.c.value)), _SERVED)
        .where(may_read(access), passes(filters))
    )


def _among(wanted: Sequence[int]) -> sa.ColumnElement[bool]:
    # One JSON parameter, whatever the number of versions.
    listed = sa.func.json_each(json.dumps(list(wanted))).table_valued("value")
    return versions.c.id.in_(sa.select(listed.c.value))


def _freshness_counts(
    connection: sa.Connection, today: date, review_every: timedelta
) -> dict[FreshnessStatus, int]:
    counts = dict.fromkeys(FreshnessStatus, 0)
    review = (versions.c.last_reviewed, versions.c.review_days)
    for reviewed, days, documents in connection.execute(
        sa.select(*review, sa.func.count()).where(_SERVED).group_by(*review)
    ):
        last = date.fromisoformat(reviewed) if reviewed else None
        every = timedelta(days=days) if days else None
        counts[status_of(last, every, today, review_every)] += documents
    return counts


def _job_counts(connection: sa.Connection) -> dict[JobState, int]:
    query = sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state)
    return {JobState(name): count for name, count in connection.execute(query)}
