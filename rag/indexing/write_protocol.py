"""The write protocol: how a change of a document becomes one commit.

    stage      the catalog gives each new version a number             (pending, not served)
    add        its vectors are written under that number
    activate   text, ACL, lexical rows and version flip in one commit  (served from here on)
    sweep      the vectors of versions that do not serve are deleted

A crash between any two steps leaves versions that are not active; the next sweep removes them
and whatever vectors they have. Nothing else needs repair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rag.domain.documents import Chunk, Document
from rag.errors import QuarantineError
from rag.indexing.access_changes import AccessWriter, NarrowedAcl
from rag.indexing.chunk_keys import CHUNKS_PER_VERSION, chunk_key
from rag.ports import (
    ChangeObserver,
    ChunkDescription,
    Embedder,
    Vector,
    VectorEntry,
    VectorStore,
)

_REBUILD_BATCH = 2000


def text_hash(text: str) -> str:
    """The key of a text's embedding: its sha256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def describe(document: Document, chunk: Chunk) -> ChunkDescription:
    """What a vector's row says of its chunk.

    `review_due` is only known where the document states its own period.
    """
    about = document.metadata
    due = (
        about.last_reviewed + about.review_every
        if about.last_reviewed is not None and about.review_every is not None
        else None
    )
    return ChunkDescription(
        document_id=document.id,
        path=document.path,
        revision=document.revision,
        section=chunk.section,
        lines=(chunk.lines.first, chunk.lines.last),
        owner=about.owner,
        acl_tags=tuple(sorted(document.acl)),
        last_reviewed=about.last_reviewed,
        review_due=due,
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A document ready to be indexed: its chunks and the vector of each."""

    document: Document
    chunks: tuple[Chunk, ...]
    vectors: tuple[Vector[float], ...]

    def __post_init__(self) -> None:
        if len(self.chunks) != len(self.vectors):
            raise ValueError("a draft has one vector for each chunk")
        if len(self.chunks) >= CHUNKS_PER_VERSION:
            raise QuarantineError(
                f"makes {len(self.chunks)} chunks; split the file into smaller pages"
            )


@dataclass(frozen=True, slots=True)
class Staged:
    """A draft with the version and ACL set that it was given; not yet served."""

    draft: Draft
    version: int
    acl_set: int

    @property
    def keys(self) -> list[int]:
        return [chunk_key(self.version, chunk.ordinal) for chunk in self.draft.chunks]

    def entries(self) -> list[VectorEntry]:
        document = self.draft.document
        return [
            VectorEntry(
                key=key,
                version=self.version,
                vector=vector,
                acl_set=self.acl_set,
                kind=document.metadata.kind.value,
                source=document.source,
                service=document.metadata.service,
                updated=int(document.updated_at.timestamp()),
                description=describe(document, chunk),
            )
            for key, chunk, vector in zip(
                self.keys, self.draft.chunks, self.draft.vectors, strict=True
            )
        ]


class WritableCatalog(Protocol):
    """The catalog's side of the protocol, for one generation."""

    def stage(self, drafts: Sequence[Draft]) -> list[Staged]: ...

    def narrow(self, source: str, limits: Mapping[str, frozenset[str]]) -> list[NarrowedAcl]: ...

    def activate(
        self, staged: Sequence[Staged], seen: Mapping[str, frozenset[str]] | None = None
    ) -> None: ...

    def deactivate(self, source: str, paths: Sequence[str]) -> None: ...

    def served_acls(self, document_ids: Sequence[str]) -> dict[str, frozenset[str]]: ...

    def unserved_versions(self) -> list[int]: ...

    def drop_versions(self, gone: Sequence[int]) -> None: ...

    def cached_vectors(self, hashes: Sequence[str]) -> dict[str, Vector[float]]: ...

    def active_chunk_count(self) -> int: ...

    def active_entries(self, batch: int) -> Iterator[list[VectorEntry]]: ...


class Unobserved:
    """Ignores changes, where no audit log is kept."""

    def document_changed(
        self,
        source: str,
        document_id: str,
        before: frozenset[str] | None,
        after: frozenset[str] | None,
        updated_at: datetime | None = None,
    ) -> None: ...


class IndexWriter:
    """Applies changes to one generation. Its owner holds the index lock."""

    def __init__(
        self,
        catalog: WritableCatalog,
        vectors: VectorStore,
        embedder: Embedder,
        changes: ChangeObserver | None = None,
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._embedder = embedder
        self._changes = changes or Unobserved()
        self.access = AccessWriter(catalog, self._changes)

    def embed(self, chunks: Sequence[Chunk]) -> list[Vector[float]]:
        """The vector of each chunk; the model runs only for texts that it has not seen."""
        text_of = {text_hash(chunk.embedded_text): chunk.embedded_text for chunk in chunks}
        vector_of = self._catalog.cached_vectors(list(text_of))
        new = [key for key in text_of if key not in vector_of]
        if new:
            made = self._embedder.embed_documents([text_of[key] for key in new])
            vector_of.update(zip(new, made, strict=True))
        return [vector_of[text_hash(chunk.embedded_text)] for chunk in chunks]

    def drafts(self, pages: Sequence[tuple[Document, tuple[Chunk, ...]]]) -> list[Draft]:
        """Documents with their chunks, and the vector of each chunk."""
        vectors = iter(self.embed([chunk for _, inside in pages for chunk in inside]))
        return [
            Draft(document, inside, tuple(next(vectors) for _ in inside))
            for document, inside in pages
        ]

    def replace(
        self, drafts: Sequence[Draft], seen: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        """Serve these documents as they are now; all of them from one commit on.

        `seen` is the ACL by document with which each was served when its file was read: what was
        taken from readers since then stays taken from them.
        """
        ids = [draft.document.id for draft in drafts]
        before = self._catalog.served_acls(ids)
        staged = self._catalog.stage(drafts)
        self._vectors.add([entry for item in staged for entry in item.entries()])
        self._catalog.activate(staged, seen)
        after = self._catalog.served_acls(ids)
        for document in (draft.document for draft in drafts):
            self._changes.document_changed(
                document.source,
                document.id,
                before.get(document.id),
                after.get(document.id),
                document.updated_at,
            )
        self._sweep()

    def delete(self, source: str, paths: Sequence[str]) -> None:
        """Stop serving these documents, and delete their vectors."""
        if paths:
            self.access.withdraw(source, paths)
            self._sweep()

    def repair(self) -> None:
        """Finish what a crash cut off, and rebuild the vectors if the store has lost any."""
        self._sweep()
        if self._vectors.count() != self._catalog.active_chunk_count():
            self.rebuild()

    def rebuild(self) -> None:
        """Write every vector anew from the catalog."""
        self._vectors.compact(self._catalog.active_entries(_REBUILD_BATCH))

    def _sweep(self) -> None:
        gone = self._catalog.unserved_versions()
        if gone:
            self._vectors.delete_versions(gone)
            self._catalog.drop_versions(gone)
            if self._vectors.bloated():
                self._vectors.compact(self._catalog.active_entries(_REBUILD_BATCH))
