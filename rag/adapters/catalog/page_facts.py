"""In-memory cache of per-document ranking features.

A version never changes once it is written, but for its ACL, which is read again after every change
of what is served.
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
from rag.domain.search import CandidatePage
from rag.ports import Vector
from rag.retrieval.priors import superseded_paths

_PAGES_KEPT = 50_000  # some 2 KB each, most of it the vector
_CHANGES = sa.select(state.c.changes)
_SERVING = sa.select(generations.c.id).where(generations.c.state == "serving")


@dataclass(frozen=True, slots=True)
class _Page:
    """What is known of a version, and its vector's bytes."""

    generation: int
    candidate: CandidatePage
    vector: bytes


@dataclass(frozen=True, slots=True)
class _Successor:
    """A served version that supersedes another."""

    version: int
    path: str
    acl: frozenset[str]


_Successors = Mapping[str, Sequence[_Successor]]  # by the document that they supersede


@dataclass(frozen=True, slots=True)
class _State:
    """What was read since the catalog's last change; `acls` by version, filled as needed."""

    changes: int
    successors: _Successors
    acls: dict[int, frozenset[str]]


class PageFacts:
    """Reads each version once; the second check decides whether it still serves."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: dict[int, _Page] = {}
        self._serving = 0
        self._state = _State(-1, {}, {})

    def pages(self, wanted: Sequence[int], *, access: AccessFilter) -> dict[int, CandidatePage]:
        """The pages among the versions `wanted` that may be read."""
        current = self._current_state()
        known, acls = self._known(wanted), self._acls(wanted, current)
        return {
            version: _superseded(known[version].candidate, current.successors, access)
            for version in wanted
            if version in known and version in acls and access.allows(acls[version])
        }

    def vectors(self, wanted: Sequence[int], generation: int) -> dict[int, bytes]:
        """The vector of each page of `generation` that has one, as little-endian 32-bit floats."""
        known = self._known(wanted)
        return {
            version: page.vector
            for version in wanted
            if (page := known.get(version)) and page.generation == generation and page.vector
        }

    def _known(self, wanted: Sequence[int]) -> dict[int, _Page]:
        pages = self._pages  # another thread may start anew; what was read stays true
        unknown = [version for version in wanted if version not in pages]
        if unknown:
            if len(pages) + len(unknown) > _PAGES_KEPT:
                pages = self._pages = {}
                unknown = list(wanted)
            with self._database.read() as connection:
                pages.update(_read(connection, unknown))
        return pages

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
                self._forget_after_promotion(connection)
                self._state = _State(changes, _read_successors(connection), {})
            return self._state

    def _forget_after_promotion(self, connection: sa.Connection) -> None:
        if (number := int(connection.scalar(_SERVING) or 0)) != self._serving:
            self._serving, self._pages = number, {}


def page_vector(vectors: Sequence[Vector[float]]) -> bytes:
    """The unit vector in the middle of a page's chunks, as 32-bit little-endian floats."""
    import numpy as np

    middle = np.mean(np.array(vectors, dtype=np.float32), axis=0)
    length = float(np.linalg.norm(middle)) or 1.0
    made: bytes = (middle / length).astype("<f4").tobytes()
    return made


def _read(connection: sa.Connection, wanted: Sequence[int]) -> Iterable[tuple[int, _Page]]:
    # One JSON parameter, whatever the number of versions.
    listed = sa.func.json_each(json.dumps(list(wanted))).table_valued("value")
    query = (
        sa.select(
            versions.c.id,
            versions.c.generation,
            versions.c.document_id,
            versions.c.updated,
            versions.c.last_reviewed,
            versions.c.review_days,
            page_vectors.c.vector,
        )
        .outerjoin(page_vectors, page_vectors.c.version == versions.c.id)
        .where(versions.c.id.in_(sa.select(listed.c.value)), versions.c.state == "active")
    )
    return [(row.id, _page(row)) for row in connection.execute(query)]


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


def _page(row: Any) -> _Page:
    return _Page(
        generation=row.generation,
        candidate=CandidatePage(
            version=row.id,
            document_id=row.document_id,
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
    page: CandidatePage, successors: _Successors, access: AccessFilter
) -> CandidatePage:
    """The page with those of its successors that may be read."""
    named = successors.get(page.document_id)
    if not named:
        return page
    readable = {one.version: one.path for one in named if access.allows(one.acl)}
    return replace(page, superseded_by=readable)
