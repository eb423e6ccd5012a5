"""Batches of documents, embedded while the next are read and the previous are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from rag.domain.documents import Chunk, Document
from rag.ports import Vector

_MAX_DOCUMENTS = 64

Parsed = tuple[Document, tuple[Chunk, ...]]


def in_batches(documents: Iterable[Parsed], batch_chunks: int) -> Iterator[list[Parsed]]:
    """Batches of at least `batch_chunks` chunks or 64 documents; the last may be smaller."""
    batch: list[Parsed] = []
    size = 0
    for item in documents:
        batch.append(item)
        size += len(item[1])
        if size >= batch_chunks or len(batch) >= _MAX_DOCUMENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def embedded(
    batches: Iterable[list[Parsed]], embed: Callable[[Sequence[Chunk]], list[Vector[float]]]
) -> Iterator[tuple[list[Parsed], list[Vector[float]]]]:
    """Each batch with its vectors, one batch behind the reading."""
    with ThreadPoolExecutor(1, thread_name_prefix="embedding") as model:
        before: tuple[list[Parsed], Future[list[Vector[float]]]] | None = None
        for batch in batches:
            chunks = [chunk for _, inside in batch for chunk in inside]
            begun = model.submit(embed, chunks)
            if before is not None:
                yield before[0], before[1].result()
            before = batch, begun
        if before is not None:
            yield before[0], before[1].result()
