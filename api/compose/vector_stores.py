"""Where the vectors of each generation are kept."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path

from api.settings import Settings
from rag.adapters.vectors.chroma import ChromaVectorStore, forget_clients
from rag.domain.generations import Generation
from rag.errors import StoreError


class ChromaStores:
    """Each generation's vectors: a directory of its own, or a collection on a server."""

    def __init__(self, settings: Settings, *, while_serving: bool = False) -> None:
        """`while_serving`: this process answers requests while it writes."""
        self._settings = settings
        self._while_serving = while_serving
        self._opened: dict[int, ChromaVectorStore] = {}
        self._lock = threading.Lock()

    def open(self, generation: Generation) -> ChromaVectorStore:
        """The generation's store, opened once."""
        with self._lock:
            if generation.id not in self._opened:
                self._opened[generation.id] = self._open(generation)
            return self._opened[generation.id]

    def remove(self, generation: Generation) -> None:
        """Drop the generation's vectors, and the directory that they stood in."""
        store = self.open(generation)
        store.drop()
        store.close()
        del self._opened[generation.id]
        if self._settings.vectors.mode == "embedded":
            shutil.rmtree(self._directory(generation), ignore_errors=True)

    def discard(self, generation: Generation) -> bool:
        """Delete a damaged embedded store without reading it; False for one on a server."""
        if self._settings.vectors.mode != "embedded":
            return False
        with self._lock:
            store = self._opened.pop(generation.id, None)
            if store is not None:
                with suppress(StoreError):
                    store.close()
            forget_clients()
            shutil.rmtree(self._directory(generation), ignore_errors=True)
        return True

    def close(self) -> None:
        while self._opened:
            self._opened.popitem()[1].close()

    def _open(self, generation: Generation) -> ChromaVectorStore:
        vectors, name = self._settings.vectors, f"generation-{generation.id}"
        if vectors.mode == "http":
            return ChromaVectorStore.over_http(
                vectors.host, vectors.port, name, while_serving=self._while_serving
            )
        return ChromaVectorStore.embedded(
            self._directory(generation), name, while_serving=self._while_serving
        )

    def _directory(self, generation: Generation) -> Path:
        return self._settings.state_folder / "vectors" / str(generation.id)
