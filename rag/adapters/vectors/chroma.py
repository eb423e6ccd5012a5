"""The vector store on Chroma, embedded or over HTTP.

Chroma's collection holds one generation. Searches filter by the number of an entry's ACL set, never
by its tags and never by a negative filter. The tags and the rest of the description are there for
programs of a team's own that read the collection.

A deleted vector stays in the collection's graph, on disk and in every walk through it. So once most
of a graph is dead, what serves is written to another collection, and that one takes its place.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigurationError, StoreError
from rag.ports import Vector, VectorEntry, VectorFilter, digest_of, start_of

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

_MAX_READ = 5000  # rows at once
_MAX_WRITTEN = 256  # rows at once
# Chroma holds the interpreter's lock while it writes: so many rows stop every other thread of a
# service for .1 s, 5,000 for 3.5 s (measured at 384 dimensions on two cores). A row costs three
# times as much as in batches of 256 (2.1 and 0.6 ms of processor time).
_MAX_WRITTEN_WHILE_SERVING = 16
# Between two such writes; long enough for a request that waits, which takes the lock several times.
_PAUSE_SECONDS = 0.02
_VERSIONS_AT_ONCE = 50
_TURN = ".turn"  # behind the name of a collection that took another one's place
_ONE_WORD_A_VECTOR = "*/length.bin"  # of Chroma's files, deleted vectors counted
_MIN_BLOATED = 2000
_MAX_KEPT = 2
_MIN_ROOM = 256 * 1024  # bytes; what Chroma says of a full disk differs from case to case


class ChromaVectorStore:
    """One generation's collection. Raises StoreError for whatever Chroma raises."""

    def __init__(
        self,
        client: ClientAPI,
        collection: str,
        place: str,
        directory: Path | None = None,
        *,
        while_serving: bool = False,
    ) -> None:
        """`directory` is where an embedded one keeps its files. `while_serving` says that other
        threads of this process answer requests while it writes.
        """
        self._max_written = _MAX_WRITTEN_WHILE_SERVING if while_serving else _MAX_WRITTEN
        self._pause = _PAUSE_SECONDS if while_serving else 0.0
        self._client: Any = client  # its type leaves out close(), which every client has
        self._name = collection
        self._place = place
        self._directory = directory
        self._swapping = threading.Lock()
        with self._translated():
            self._collection = self._open()

    @classmethod
    def embedded(
        cls, directory: Path, collection: str, *, while_serving: bool = False
    ) -> ChromaVectorStore:
        """A store in a directory that this process alone may have open."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(_message(str(directory), error)) from error
        client = _embedded_client(directory)
        return cls(client, collection, str(directory), directory, while_serving=while_serving)

    @classmethod
    def over_http(
        cls, host: str, port: int, collection: str, *, while_serving: bool = False
    ) -> ChromaVectorStore:
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
        return cls(client, collection, place, while_serving=while_serving)

    def add(self, entries: Sequence[VectorEntry]) -> None:
        self._write(self._collection, entries)

    def _write(self, collection: Collection, entries: Sequence[VectorEntry]) -> None:
        import numpy as np

        for start in range(0, len(entries), self._max_written):
            if start and self._pause:
                time.sleep(self._pause)
            batch = entries[start : start + self._max_written]
            with self._translated():
                collection.upsert(
                    ids=[str(entry.key) for entry in batch],
                    embeddings=np.array([entry.vector for entry in batch], dtype=np.float32),
                    metadatas=[entry.attributes() for entry in batch],
                )

    def delete_versions(self, versions: Sequence[int]) -> None:
        for start in range(0, len(versions), _VERSIONS_AT_ONCE):
            where: Any = {"version": {"$in": list(versions[start : start + _VERSIONS_AT_ONCE])}}
            with self._translated():
                self._collection.delete(where=where)

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        if where.acl_sets is not None and not where.acl_sets:
            return []
        asked = self._collection
        try:
            return self._nearest(asked, vector, limit, where)
        except StoreError:
            # Another collection may have taken its place, also in another process.
            with self._swapping, self._translated():
                if self._collection is asked:
                    now = self._open()
                    if now.id == asked.id:
                        raise
                    self._collection = now
            return self._nearest(self._collection, vector, limit, where)

    def _nearest(
        self, asked: Collection, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        import numpy as np

        with self._translated():
            found = asked.query(
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

    def held(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for start in range(0, self.count(), _MAX_READ):
            with self._translated():
                page = self._collection.get(include=["metadatas"], limit=_MAX_READ, offset=start)
            metadatas: Any = page["metadatas"]
            for key, metadata in zip(page["ids"], metadatas, strict=True):
                found[int(key)] = digest_of(metadata)
        return found

    def bloated(self) -> bool:
        if self._directory is None:
            return False
        kept = sum(file.stat().st_size for file in self._directory.glob(_ONE_WORD_A_VECTOR)) // 4
        return kept > _MIN_BLOATED and kept > _MAX_KEPT * self.count()

    def compact(self, entries: Iterable[Sequence[VectorEntry]]) -> None:
        old = self._collection
        with self._translated():
            for cut_off in set(self._names()) - {old.name}:
                self._client.delete_collection(cut_off)
            made = self._create(f"{self._name}{_TURN}{_turn(old.name) + 1}")
        for batch in entries:
            self._write(made, batch)
        # A search that is under way is asked again; what it finds is checked anyway.
        with self._swapping, self._translated():
            self._collection = made
            self._client.delete_collection(old.name)
            if self._directory is not None:
                self._leave_behind(self._directory)

    def _leave_behind(self, directory: Path) -> None:
        # Chroma keeps a deleted collection's files for good, and its graph while a client is open.
        self._client.close()
        with closing(sqlite3.connect(directory / "chroma.sqlite3")) as known:
            segments = {row[0] for row in known.execute("SELECT id FROM segments")}
        for place in directory.iterdir():
            if place.is_dir() and place.name not in segments:
                shutil.rmtree(place, ignore_errors=True)
        self._client = _embedded_client(directory)
        self._collection = self._open()

    def drop(self) -> None:
        """Remove the whole collection: its generation is gone."""
        with self._translated():
            self._client.delete_collection(self._collection.name)

    def close(self) -> None:
        """Let the client's files and connections go."""
        with self._translated():
            self._client.close()

    def _open(self) -> Collection:
        """The generation's collection; of two, the older, as the newer is not complete."""
        ours = sorted(self._names(), key=_turn)
        return self._create(ours[0] if ours else self._name)

    def _names(self) -> list[str]:
        names = [one.name for one in self._client.list_collections()]
        behind = f"{self._name}{_TURN}"
        return [name for name in names if name == self._name or name.startswith(behind)]

    def _create(self, name: str) -> Collection:
        made: Collection = self._client.get_or_create_collection(
            name, configuration={"hnsw": _hnsw()}, embedding_function=None
        )
        return made

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except BaseException as error:
            if not isinstance(error, Exception) and not _is_panic(error):
                raise
            raise StoreError(_message(self._place, error)) from error


def _embedded_client(directory: Path) -> ClientAPI:
    import chromadb

    try:
        return chromadb.PersistentClient(path=str(directory), settings=_settings())
    except BaseException as error:  # Chroma's Rust bindings raise bare exceptions, and panic
        if not isinstance(error, Exception) and not _is_panic(error):
            raise
        raise StoreError(_message(str(directory), error)) from error


def forget_clients() -> None:
    """Make Chroma open a directory anew: it caches what it has opened, damaged files included."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()


def _hnsw() -> CreateHNSWConfiguration:
    # Recall of 0.995 at 100,000 clustered vectors, for a millisecond more than at 100, which
    # finds 0.9 (measured); takes effect at creation alone.
    return {"space": "cosine", "ef_search": 600, "ef_construction": 100, "max_neighbors": 16}


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _turn(name: str) -> int:
    return int(name.rpartition(_TURN)[2]) if _TURN in name else 0


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"


def _is_full(place: str) -> bool:
    try:
        return shutil.disk_usage(place).free < _MIN_ROOM
    except OSError:
        return False  # a server's address, or a folder that is gone


def _message(place: str, error: BaseException) -> str:
    if _is_full(place):
        return f"the disk that holds {place} is full: make room, and run `runbook ingest` again"
    return (
        f"the vector store at {place} failed: {type(error).__name__}: {error}. It holds nothing "
        "that the catalog lacks: stop the service, remove it, and start it or ingest again: it is "
        "built anew from the catalog."
    )


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
        conditions.append({"updated": {"$gte": start_of(filters.since)}})
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None
