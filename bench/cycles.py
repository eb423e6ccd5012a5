"""Disk and memory over many cycles of deleting a thousand chunks and adding them again."""

from __future__ import annotations

import resource
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from api.compose.vector_stores import ChromaStores
from api.settings import Settings
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.writer import CatalogWriter
from rag.domain.documents import AclOrigin, Chunk, Document, LineSpan, Metadata, content_hash
from rag.indexing.write_protocol import IndexWriter
from rag.ports import TokenCounterSource, Vector

_DIMENSION = 384
_DOCUMENTS = 50
_CHUNKS = 20
_SOURCE = "cycles"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Cycle:
    """What stood after a cycle, in MiB, and what it took."""

    number: int
    disk: float
    catalog: float
    vectors: float
    memory: float
    seconds: float


class _Drawn:
    """An embedder whose vectors are drawn at random: no two cycles share one."""

    fingerprint = "drawn"
    dimension = _DIMENSION

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        drawn = self._rng.standard_normal((len(texts), _DIMENSION), dtype=np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        return [array("f", row.tobytes()) for row in drawn]

    def embed_question(self, question: str) -> Vector[float]:
        return self.embed_documents([question])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    @property
    def token_counter(self) -> TokenCounterSource:
        raise NotImplementedError("no document is read for these cycles")


def cycles(folder: Path, count: int) -> list[Cycle]:
    """Each deletes every document of an index of a thousand chunks, and adds them with new text."""
    settings = Settings(directory=folder)
    database = Database.open(settings.state_folder / "catalog.db")
    stores, embedder = ChromaStores(settings), _Drawn()
    generations = Generations(database)
    generation = generations.create("cycles", embedder.fingerprint, _DIMENSION)
    generations.promote(generation)
    catalog = CatalogWriter(database, generation)
    index = IndexWriter(catalog, stores.open(generation), embedder)
    seen = []
    for number in range(1, count + 1):
        started = time.perf_counter()
        documents = [_document(page, number) for page in range(_DOCUMENTS)]
        index.delete(_SOURCE, [document.path for document in documents])
        index.replace(index.drafts([(one, _chunks(one, number)) for one in documents]))
        catalog.finish(datetime.now(UTC))
        seen.append(_measured(settings.state_folder, number, time.perf_counter() - started))
    stores.close()
    database.close()
    return seen


def _document(page: int, number: int) -> Document:
    return Document(
        source=_SOURCE,
        path=f"{page}.md",
        metadata=Metadata(title=f"Page {page}"),
        acl=frozenset({"public"}),
        acl_origin=AclOrigin.SOURCE,
        revision=f"r{number}",
        updated_at=datetime.now(UTC),
        content_hash=content_hash(f"{page} {number}".encode()),
    )


def _chunks(document: Document, number: int) -> tuple[Chunk, ...]:
    words = "restart the broker when its queue is stuck and the disk is full " * 12
    return tuple(
        Chunk(document.id, part, f"{document.path} {number} {part} {words}", (), LineSpan(1, 1))
        for part in range(_CHUNKS)
    )


def _measured(state: Path, number: int, seconds: float) -> Cycle:
    sizes = {file: file.stat().st_size for file in state.rglob("*") if file.is_file()}
    vectors = sum(size for file, size in sizes.items() if "vectors" in file.parts)
    total = sum(sizes.values())
    return Cycle(
        number,
        total / _MIB,
        (total - vectors) / _MIB,
        vectors / _MIB,
        _resident() / _MIB,
        seconds,
    )


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()
