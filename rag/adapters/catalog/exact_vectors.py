"""An exact scan over the vectors that the catalog keeps.

For a process that does not own the index, since Chroma's directory is open in one process alone,
and for filters that let few chunks through.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from rag.adapters.catalog.access import passes
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import chunks, embeddings, state, versions
from rag.domain.generations import Generation
from rag.ports import Vector, VectorFilter

if TYPE_CHECKING:
    import numpy as np

_FILTERS_KEPT = 64
_BYTES_KEPT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Passing:
    """The versions that pass a filter at one state of the catalog, ascending, and their chunks."""

    changes: int
    versions: np.ndarray[Any, Any]
    chunks: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Keys and vectors, one row each; `changes` is the state of the catalog they are true of."""

    changes: int
    keys: np.ndarray[Any, Any]
    vectors: np.ndarray[Any, Any]


class ExactVectors:
    """Keeps what lately asked filters let through until the catalog changes.

    A version's vectors never change, so that after a change only new versions are read.
    """

    def __init__(self, database: Database, generation: Generation) -> None:
        self._database = database
        self._generation = generation
        self._lock = threading.Lock()
        self._passing: OrderedDict[VectorFilter, Passing] = OrderedDict()
        self._joined: OrderedDict[VectorFilter, _Block] = OrderedDict()
        self._blocks: dict[int, _Block] = {}

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        """Keys with their cosine similarity, best first."""
        import numpy as np

        with self._database.read() as connection, self._lock:
            block = self._block(connection, where)
        if not len(block.keys):
            return []
        scores = block.vectors @ np.asarray(vector, dtype=np.float32)
        return [(int(block.keys[place]), float(scores[place])) for place in _best(scores, limit)]

    def passing(self, where: VectorFilter) -> Passing:
        """Which versions pass, and how many chunks they have."""
        with self._database.read() as connection, self._lock:
            return self._pass(connection, where)

    def _pass(self, connection: sa.Connection, where: VectorFilter) -> Passing:
        import numpy as np

        changes = _changes(connection)
        kept = self._passing.pop(where, None)
        if kept is None or kept.changes != changes:
            rows = connection.execute(self._versions(where)).all()
            numbers = np.array([row[0] for row in rows], dtype=np.int64)
            kept = Passing(changes, numbers, sum(row[1] for row in rows))
        self._passing[where] = kept
        while len(self._passing) > _FILTERS_KEPT:
            self._passing.popitem(last=False)
        return kept

    def _block(self, connection: sa.Connection, where: VectorFilter) -> _Block:
        passing = self._pass(connection, where)
        kept = self._joined.pop(where, None)
        if kept is None or kept.changes != passing.changes:
            self._read_missing(connection, passing)
            kept = self._join(passing)
        self._joined[where] = kept
        while len(self._joined) > 1 and _bytes(self._joined.values()) > _BYTES_KEPT:
            self._joined.popitem(last=False)
        return kept

    def _read_missing(self, connection: sa.Connection, passing: Passing) -> None:
        wanted = [int(version) for version in passing.versions]
        if _bytes(self._blocks.values()) > _BYTES_KEPT:
            self._blocks = {one: self._blocks[one] for one in wanted if one in self._blocks}
        missing = [version for version in wanted if version not in self._blocks]
        rows = connection.execute(self._vectors(missing)).all()
        for version, inside in groupby(rows, key=lambda row: row.version):
            self._blocks[version] = self._made(passing.changes, list(inside))

    def _join(self, passing: Passing) -> _Block:
        import numpy as np

        blocks = [self._blocks[int(version)] for version in passing.versions]
        if not blocks:
            return self._made(passing.changes, [])
        return _Block(
            passing.changes,
            np.concatenate([block.keys for block in blocks]),
            np.concatenate([block.vectors for block in blocks]),
        )

    def _made(self, changes: int, rows: Sequence[Any]) -> _Block:
        import numpy as np

        matrix = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4")
        keys = np.array([row.key for row in rows], dtype=np.int64)
        return _Block(changes, keys, matrix.reshape(len(rows), self._generation.dimension))

    def _versions(self, where: VectorFilter) -> sa.Select[int, int]:
        query = (
            sa.select(versions.c.id, sa.func.count(chunks.c.key))
            .join(chunks, chunks.c.version == versions.c.id)
            .where(versions.c.generation == self._generation.id, versions.c.state == "active")
            .where(passes(where.filters))
            .group_by(versions.c.id)
            .order_by(versions.c.id)
        )
        if where.acl_sets is None:
            return query
        return query.where(versions.c.acl_set.in_(sorted(where.acl_sets)))

    def _vectors(self, wanted: Sequence[int]) -> sa.Select[int, int, bytes]:
        listed = sa.func.json_each(json.dumps(wanted)).table_valued("value")
        # A subquery, because a join would be planned from the embeddings of all versions.
        vector = (
            sa.select(embeddings.c.vector)
            .where(embeddings.c.model == self._generation.model)
            .where(embeddings.c.text_hash == chunks.c.text_hash)
            .scalar_subquery()
        )
        return (
            sa.select(chunks.c.version, chunks.c.key, vector.label("vector"))
            .where(chunks.c.version.in_(sa.select(listed.c.value)))
            .order_by(chunks.c.version, chunks.c.key)
        )


def _bytes(blocks: Iterable[_Block]) -> int:
    return sum(block.vectors.nbytes for block in blocks)


def _changes(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.select(state.c.changes)) or 0)


def _best(scores: np.ndarray[Any, Any], limit: int) -> np.ndarray[Any, Any]:
    """The places of the highest scores, best first, ties by place."""
    import numpy as np

    if limit < len(scores):
        # Of those that tie at the cut, whichever: a caller's limit is far behind what it shows.
        near = np.argpartition(-scores, limit - 1)[:limit]
        near.sort()
    else:
        near = np.arange(len(scores))
    chosen: np.ndarray[Any, Any] = near[np.argsort(-scores[near], kind="stable")]
    return chosen
