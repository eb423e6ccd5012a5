"""Fakes that behave, for tests that need no model."""

from __future__ import annotations

import json
import math
import re
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rag.access.acl import AccessFilter
from rag.domain.documents import AclOrigin, Chunk, Document, LineSpan, Metadata, content_hash
from rag.domain.search import Mode
from rag.indexing.write_protocol import Draft, IndexWriter
from rag.ports import Stage, TokenCounterSource, Vector, VectorEntry, VectorFilter, digest_of

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """Words hashed into a small unit vector: texts that share words are near.

    Another `model` hashes otherwise, into another dimension.
    """

    fingerprint = "hashing/1"
    dimension = 64

    def __init__(self, model: str = "") -> None:
        self.embedded: list[str] = []
        self._salt = model
        if model:
            self.fingerprint, self.dimension = f"hashing/{model}", 48

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        self.embedded.extend(texts)
        return [self.embed_question(text) for text in texts]

    def embed_question(self, question: str) -> Vector[float]:
        counts = [0.0] * self.dimension
        for word in _WORD.findall(question.lower()):
            counts[zlib.crc32(f"{self._salt}{word}".encode()) % self.dimension] += 1.0
        length = math.sqrt(sum(count * count for count in counts)) or 1.0
        return array("f", (count / length for count in counts))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return count_words(texts)

    @property
    def token_counter(self) -> TokenCounterSource:
        return TokenCounterSource(f"{__name__}:make_word_counter", "")


def count_words(texts: Sequence[str]) -> list[int]:
    """What a tokenizer of whole words counts, with two special tokens."""
    return [len(_WORD.findall(text)) + 2 for text in texts]


def make_word_counter(argument: str) -> Callable[[Sequence[str]], list[int]]:
    """The same for a process that reads documents."""
    return count_words


class MemoryVectors:
    """A vector store in a dictionary, that can be told to lose or to fail."""

    def __init__(self) -> None:
        self.entries: dict[int, VectorEntry] = {}
        self.fail_on: str | None = None
        self.swollen = False

    def add(self, entries: Sequence[VectorEntry]) -> None:
        self._maybe_fail("add")
        self.entries.update((entry.key, entry) for entry in entries)

    def delete_versions(self, versions: Sequence[int]) -> None:
        self._maybe_fail("delete")
        self.entries = {
            key: entry for key, entry in self.entries.items() if entry.version not in versions
        }

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        scored = [
            (key, sum(a * b for a, b in zip(vector, entry.vector, strict=True)))
            for key, entry in self.entries.items()
            if where.acl_sets is None or entry.acl_set in where.acl_sets
        ]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def count(self) -> int:
        return len(self.entries)

    def held(self) -> dict[int, bytes]:
        return {key: digest_of(entry.attributes()) for key, entry in self.entries.items()}

    def bloated(self) -> bool:
        return self.swollen

    def compact(self, entries: Iterable[Sequence[VectorEntry]]) -> None:
        self.entries = {entry.key: entry for batch in entries for entry in batch}
        self.swollen = False

    def _maybe_fail(self, step: str) -> None:
        if self.fail_on == step:
            raise RuntimeError(f"the store broke at {step}")


class CountingObserver:
    """Remembers what a search told it."""

    def __init__(self) -> None:
        self.searches: list[tuple[Mode, bool]] = []
        self.refusals = 0

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None:
        assert seconds >= 0
        self.searches.append((mode, no_result))

    def refused(self, count: int) -> None:
        self.refusals += count


class KeptLines:
    """An audit log's lines, read back as objects."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def write(self, line: str) -> None:
        self.events.append(json.loads(line))


def document(path: str, acl: Sequence[str] = ("public",), source: str = "s") -> Document:
    """A document with nothing remarkable about it."""
    return Document(
        source=source,
        path=path,
        metadata=Metadata(title=path),
        acl=frozenset(acl),
        acl_origin=AclOrigin.DOCUMENT,
        revision="r1",
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        content_hash=content_hash(path.encode()),
    )


def index_text(index: IndexWriter, about: Document, *passages: str) -> Draft:
    """Index a document that consists of these passages, each a chunk of its own."""
    chunks = tuple(
        Chunk(about.id, number, text, (f"Part {number}",), LineSpan(number + 1, number + 1))
        for number, text in enumerate(passages)
    )
    draft = Draft(about, chunks, tuple(index.embed(chunks)))
    index.replace([draft])
    return draft


class NoWords:
    """A vocabulary in which every word is unknown."""

    def known(self, words: Sequence[str], *, access: AccessFilter) -> set[str]:
        return set()

    def commonest(self, words: Sequence[str], *, access: AccessFilter) -> str | None:
        return None
