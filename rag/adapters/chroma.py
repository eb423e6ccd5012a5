"""The vector store on Chroma, embedded or over HTTP.

Chroma's collection holds one generation. No negative filter is used and no list of tags is
stored: an entry carries the number of its ACL set, and what passes is a list of numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigurationError, StoreError
from rag.ports import Vector, VectorEntry, VectorFilter

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

_MAX_BATCH = 5000  # Chroma refuses more than 5,461 rows at once
_VERSIONS_AT_ONCE = 50


class ChromaVectorStore:
    """One generation's collection. Raises StoreError for whatever Chroma raises."""

    def __init__(self, client: ClientAPI, collection: str, place: str) -> None:
        self._client: Any = client  # its type leaves out close(), which every client has
        self._name = collection
        self._place = place
        with self._translated():
            self._collection = self._open()

    @classmethod
    def embedded(cls, directory: Path, collection: str) -> ChromaVectorStore:
        """A store in a directory that this process alone may have open."""
        import chromadb

        directory.mkdir(parents=True, exist_ok=True)
        try:
            client = chromadb.PersistentClient(path=str(directory), settings=_settings())
        except Exception as error:  # Chroma's Rust bindings raise bare exceptions
            raise StoreError(_message(str(directory), error)) from error
        return cls(client, collection, str(directory))

    @classmethod
    def over_http(cls, host: str, port: int, collection: str) -> ChromaVectorStore:
        """A store on a `chroma run` server, which has no authentication of its own."""
        import chromadb

        place = f"{host}:{port}"
        try:
            client = chromadb.HttpClient(host=host, port=port, settings=_settings())
        except Exception as error:
            raise ConfigurationError(
                f"no Chroma server answers at {place} ({error}): start it, or mend [vectors] "
                "in runbook.toml"
            ) from error
        return cls(client, collection, place)

    def add(self, entries: Sequence[VectorEntry]) -> None:
        import numpy as np

        for start in range(0, len(entries), _MAX_BATCH):
            batch = entries[start : start + _MAX_BATCH]
            with self._translated():
                self._collection.upsert(
                    ids=[str(entry.key) for entry in batch],
                    embeddings=np.array([entry.vector for entry in batch], dtype=np.float32),
                    metadatas=[_metadata(entry) for entry in batch],
                )

    def delete_versions(self, versions: Sequence[int]) -> None:
        for start in range(0, len(versions), _VERSIONS_AT_ONCE):
            where: Any = {"version": {"$in": list(versions[start : start + _VERSIONS_AT_ONCE])}}
            with self._translated():
                self._collection.delete(where=where)

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        import numpy as np

        if where.acl_sets is not None and not where.acl_sets:
            return []
        with self._translated():
            found = self._collection.query(
                query_embeddings=np.array([vector], dtype=np.float32),
                n_results=limit,
                where=_where(where),
                include=["distances"],
            )
        distances = found["distances"] or [[]]
        pairs = zip(found["ids"][0], distances[0], strict=True)
        return [(int(key), 1.0 - float(distance)) for key, distance in pairs]

    def count(self) -> int:
        with self._translated():
            return int(self._collection.count())

    def held(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, self.count(), _MAX_BATCH):
            with self._translated():
                page = self._collection.get(include=["metadatas"], limit=_MAX_BATCH, offset=start)
            metadatas: Any = page["metadatas"]
            for key, told in zip(page["ids"], metadatas, strict=True):
                found[int(key)] = int(told["acl_set"])
        return found

    def clear(self) -> None:
        with self._translated():
            self._client.delete_collection(self._name)
            self._collection = self._open()

    def drop(self) -> None:
        """Remove the whole collection: its generation is gone."""
        with self._translated():
            self._client.delete_collection(self._name)

    def close(self) -> None:
        """Let the client's files and connections go."""
        with self._translated():
            self._client.close()

    def _open(self) -> Collection:
        made: Collection = self._client.get_or_create_collection(
            self._name, configuration={"hnsw": _hnsw()}, embedding_function=None
        )
        return made

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise StoreError(_message(self._place, error)) from error


def _hnsw() -> CreateHNSWConfiguration:
    # Recall of 0.995 at 100,000 clustered vectors, for a millisecond more than at 100, which
    # finds 0.9 (measured); takes effect at creation alone.
    return {"space": "cosine", "ef_search": 600, "ef_construction": 100, "max_neighbors": 16}


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _message(place: str, error: Exception) -> str:
    return (
        f"the vector store at {place} failed: {type(error).__name__}: {error}. It holds nothing "
        "that the catalog lacks: stop the service, remove it, and ingest again to rebuild it."
    )


def _metadata(entry: VectorEntry) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "version": entry.version,
        "acl_set": entry.acl_set,
        "kind": entry.kind,
        "source": entry.source,
        "updated": entry.updated,
    }
    if entry.service:  # Chroma refuses empty lists
        told["service"] = list(entry.service)
    return told


def _where(where: VectorFilter) -> Any:
    filters = where.filters
    conditions: list[dict[str, Any]] = []
    if where.acl_sets is not None:
        conditions.append({"acl_set": {"$in": sorted(where.acl_sets)}})
    if filters.kind is not None:
        conditions.append({"kind": filters.kind.value})
    if filters.source is not None:
        conditions.append({"source": filters.source})
    if filters.service is not None:
        conditions.append({"service": {"$contains": filters.service}})
    if filters.since is not None:
        start = datetime.combine(filters.since, time.min, UTC)
        conditions.append({"updated": {"$gte": int(start.timestamp())}})
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None
