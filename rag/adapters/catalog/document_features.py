"""In-memory cache of per-document ranking features.

A version is immutable except for its ACL, which is read again after every commit that changes the
serving index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.rows import strings
from rag.adapters.catalog.schema import acl_sets, generations, page_vectors, state, versions
from rag.domain.documents import document_id
from rag.domain.search import CandidateDocument
from rag.ports import Vector
from rag.retrieval.priors import superseded_paths

_MAX_CACHED = 50_000  # about 2 KB each, mostly the vector
_CHANGES = sa.select(state.c.changes)
_SERVING = sa.select(generations.c.id).where(generations.c.state == "serving")


@dataclass(frozen=True, slots=True)
class _CachedVersion:
    """The cached features and the document vector of a version."""

    generation: int
    candidate: CandidateDocument
    vector: bytes


@dataclass(frozen=True, slots=True)
class _Successor:
    """A served version that supersedes another."""

    version: int
    path: str
    acl: frozenset[str]


_Successors = Mapping[str, Sequence[_Successor]]  # by the id of the superseded document


@dataclass(frozen=True, slots=True)
class _State:
    """State read since the last change of the catalog; `acls` is by version, filled on demand."""

    changes: int
    successors: _Successors
    acls: dict[int, frozenset[str]]


class DocumentFeatures:
    """Caches the features of versions; the second check decides whether a version still serves."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions: dict[int, _CachedVersion] = {}
        self._serving = 0
        self._state = _State(-1, {}, {})

    def documents(
        self, wanted: Sequence[int], *, access: AccessFilter
    ) -> dict[int, CandidateDocument]:
        """The documents among the versions `wanted` that the filter allows."""
        current = self._current_state()
        known, acls = self._known(wanted), self._acls(wanted, current)
        return {
            version: _superseded(known[version].candidate, current.successors, access)
            for version in wanted
            if version in known and version in acls and access.allows(acls[version])
        }

    def vectors(self, wanted: Sequence[int], generation: int) -> dict[int, bytes]:
        """Document vectors of versions of `generation`, as little-endian 32-bit floats."""
        known = self._known(wanted)
        return {
            version: cached.vector
            for version in wanted
            if (cached := known.get(version)) and cached.generation == generation and cached.vector
        }

    def _known(self, wanted: Sequence[int]) -> dict[int, _CachedVersion]:
        cached = self._versions  # another thread may replace the dict; entries stay valid
        unknown = [version for version in wanted if version not in cached]
        if unknown:
            if len(cached) + len(unknown) > _MAX_CACHED:
                cached = self._versions = {}
                unknown = list(wanted)
            with self._database.read() as connection:
                cached.update(_read(connection, unknown))
        return cached

    def _acls(self, wanted: Sequence[int], current: _State) -> Mapping[int, frozenset[str]]:
        unknown = [version for version in wanted if version not in current.acls]
        if unknown:
            with self._database.read() as connection:
                current.acls.update(_read_acls(connection, unknown))
        return current.acls

    def _current_state(self) -> _State:
        with self._database.read() as connection:
            changes = int(connection.scalar(_CHANGES) or 0)
            if self._state.changes != changes:
                self._clear_after_promotion(connection)
                self._state = _State(changes, _read_successors(connection), {})
            return self._state

    def _clear_after_promotion(self, connection: sa.Connection) -> None:
        if (number := int(connection.scalar(_SERVING) or 0)) != self._serving:
            self._serving, self._versions = number, {}


def document_vector(vectors: Sequence[Vector[float]]) -> bytes:
    """The normalised mean of a document's chunk vectors, as little-endian 32-bit floats."""
    import numpy as np

    mean = np.mean(np.array(vectors, dtype=np.float32), axis=0)
    length = float(np.linalg.norm(mean)) or 1.0
    encoded: bytes = (mean / length).astype("<f4").tobytes()
    return encoded


def _read(connection: sa.Connection, wanted: Sequence[int]) -> Iterable[tuple[int, _CachedVersion]]:
    # One JSON parameter for any number of versions: SQLite limits bound parameters.
    listed = sa.func.json_each(json.dumps(list(wanted))).table_valued("value")
    query = (
        sa.select(
            versions.c.id,
            versions.c.generation,
            versions.c.document_id,
            versions.c.source,
            versions.c.path,
            versions.c.updated,
            versions.c.last_reviewed,
            versions.c.review_days,
            page_vectors.c.vector,
        )
        .outerjoin(page_vectors, page_vectors.c.version == versions.c.id)
        .where(versions.c.id.in_(sa.select(listed.c.value)), versions.c.state == "active")
    )
    return [(row.id, _cached_version(row)) for row in connection.execute(query)]


def _read_acls(
    connection: sa.Connection, wanted: Sequence[int]
) -> Iterable[tuple[int, frozenset[str]]]:
    listed = sa.func.json_each(json.dumps(list(wanted))).table_valued("value")
    query = (
        sa.select(versions.c.id, acl_sets.c.tags)
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
        .where(versions.c.id.in_(sa.select(listed.c.value)), versions.c.state == "active")
    )
    return [(row.id, frozenset(strings(row.tags))) for row in connection.execute(query)]


def _cached_version(row: Any) -> _CachedVersion:
    return _CachedVersion(
        generation=row.generation,
        candidate=CandidateDocument(
            version=row.id,
            document_id=row.document_id,
            source=row.source,
            path=row.path,
            updated_at=datetime.fromtimestamp(row.updated, UTC),
            last_reviewed=date.fromisoformat(row.last_reviewed) if row.last_reviewed else None,
            review_every=timedelta(days=row.review_days) if row.review_days else None,
        ),
        vector=row.vector or b"",
    )


def _read_successors(connection: sa.Connection) -> _Successors:
    query = (
        sa.select(versions, acl_sets.c.tags.label("acl_tags"))
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
        .join(generations, generations.c.id == versions.c.generation)
        .where(versions.c.supersedes.is_not(None), versions.c.state == "active")
        .where(generations.c.state == "serving")
    )
    found: dict[str, list[_Successor]] = {}
    for row in connection.execute(query):
        successor = _Successor(row.id, row.path, frozenset(strings(row.acl_tags)))
        for source, path in superseded_paths(row.source, row.path, row.supersedes):
            found.setdefault(document_id(source, path), []).append(successor)
    return found


def _superseded(
    document: CandidateDocument, successors: _Successors, access: AccessFilter
) -> CandidateDocument:
    """The document with those of its successors that the filter allows."""
    named = successors.get(document.document_id)
    if not named:
        return document
    readable = {one.version: one.path for one in named if access.allows(one.acl)}
    return replace(document, superseded_by=readable)
