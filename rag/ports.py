"""What the engine asks of the world; adapters answer.

Vectors are `array('f')`: 32-bit floats, unit length, that any numeric library reads without a copy.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator as Pieces
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.access.acl import AccessFilter
from rag.domain.answers import Usage
from rag.domain.documents import Chunk, Document, IndexedChunk
from rag.domain.search import Candidate, CandidatePage, Filters, Mode

Vector = array  # of typecode "f"


@dataclass(frozen=True, slots=True)
class TokenCounterSource:
    """How another process counts a model's tokens: by `factory`, called with `argument`.

    `factory` is written `module:function`. It returns what Embedder.count_tokens is, and must not
    load the model for it.
    """

    factory: str
    argument: str


class Embedder(Protocol):
    """Turns text into unit vectors with one model."""

    @property
    def fingerprint(self) -> str:
        """Names the model and its weights; part of a generation's identity."""
        ...

    @property
    def dimension(self) -> int: ...

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]: ...

    def embed_question(self, question: str) -> Vector[float]: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the model's own tokenizer, special tokens included, uncut."""
        ...

    @property
    def token_counter(self) -> TokenCounterSource:
        """The same count for a process that does not load the model."""
        ...


class Question:
    """The text of a question with its vector, which every stage of one search shares."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._vectors: dict[str, Vector[float]] = {}

    def vector(self, embedder: Embedder) -> Vector[float]:
        """The question's vector by this model, computed at the first call."""
        model = embedder.fingerprint
        if model not in self._vectors:
            self._vectors[model] = embedder.embed_question(self.text)
        return self._vectors[model]


@dataclass(frozen=True, slots=True)
class VectorEntry:
    """A vector and what a store needs to filter it by. `updated` is a Unix time in seconds."""

    key: int
    version: int
    vector: Vector[float]
    acl_set: int
    kind: str
    source: str
    service: tuple[str, ...]
    updated: int


@dataclass(frozen=True, slots=True)
class VectorFilter:
    """Which entries may be returned. `acl_sets` None means all; an empty set means none."""

    acl_sets: frozenset[int] | None
    filters: Filters


class NearestVectors(Protocol):
    """Where a question's nearest chunks are looked up."""

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        """Keys with their cosine similarity, best first."""
        ...


class VectorStore(NearestVectors, Protocol):
    """A projection of the catalog's vectors for one generation: it can be lost and rebuilt."""

    def add(self, entries: Sequence[VectorEntry]) -> None:
        """Idempotent; durable when it returns."""
        ...

    def delete_versions(self, versions: Sequence[int]) -> None: ...

    def count(self) -> int: ...

    def held(self) -> dict[int, int]:
        """The key of every entry with its ACL set."""
        ...

    def bloated(self) -> bool:
        """Whether far more deleted vectors are kept than served ones."""
        ...

    def compact(self, entries: Iterable[Sequence[VectorEntry]]) -> None:
        """Keep these, which are all that serve, and nothing else; searches go on meanwhile."""
        ...


class Retriever(Protocol):
    """Question to Candidates, filtered before the cut at `limit`, best first.

    A retriever of whole pages names each by the key of its first chunk.
    """

    @property
    def name(self) -> str: ...

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]: ...


class PageScorer(Protocol):
    """Scores pages that others found, by the question and the page as a whole."""

    @property
    def name(self) -> str: ...

    def score(self, question: Question, versions: Sequence[int]) -> list[Candidate]:
        """Best first, each page named by the key of its first chunk; it may leave some out."""
        ...


class Reranker(Protocol):
    """Judges question and passage together, which costs more than a retriever may spend."""

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers the question, 0 to 1. Raises ModelError."""
        ...


class ChunkReader(Protocol):
    """The catalog as the engine reads it: the second check of access and version."""

    def change_count(self) -> int:
        """Rises with every commit that changes what is served."""
        ...

    def fetch(
        self, keys: Sequence[int], *, access: AccessFilter, filters: Filters
    ) -> dict[int, IndexedChunk]:
        """The chunks of active versions among `keys` that pass, in one snapshot."""
        ...

    def refused(self, versions: Sequence[int], *, access: AccessFilter) -> int:
        """How many of `versions` are served pages that the filter forbids."""
        ...


class PageBook(Protocol):
    """What ranking must know of pages."""

    def pages(self, versions: Sequence[int], *, access: AccessFilter) -> dict[int, CandidatePage]:
        """The pages among `versions` that may be read; some may have ceased to be served."""
        ...


class SearchObserver(Protocol):
    """Told of every search; it sees no question and no text."""

    def searched(self, mode: Mode, seconds: float, no_result: bool) -> None: ...

    def refused(self, count: int) -> None:
        """The second check stopped `count` pages that a retriever let through."""
        ...


class PageReader(Protocol):
    """Whole pages, for what stands around a hit."""

    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None:
        """One document with its chunks in order; None when absent or forbidden."""
        ...


class DocumentReader(PageReader, Protocol):
    """The served documents, for reports over the whole catalog."""

    def every_document(self, *, access: AccessFilter) -> list[Document]:
        """All that may be read, ordered by source and path."""
        ...


class Generator(Protocol):
    """A language model that writes an answer from a prompt."""

    @property
    def model(self) -> str:
        """The configured model's name."""
        ...

    def load(self) -> None:
        """Load what is slow to load; a call after the first returns at once. Asks no server."""
        ...

    def generate(self, system: str, user: str) -> Pieces[str | Usage, None, None]:
        """The text as it comes, and last what it used.

        Closing it stops the model. Raises ModelError, at the start or in the middle.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a generator as it went; `started` is a Unix time in seconds."""

    model: str
    started: float
    seconds: float
    usage: Usage
    failed: bool


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """One answer as it went: no question, no text, no path."""

    model: str
    prompt: str
    prompt_hash: str
    started: float
    seconds: float
    abstained: bool
    fell_back: bool
    passages: int
    citations: int
    unsupported: int
    struck: int


class AnswerObserver(Protocol):
    """Told of every answer and of every call of a model."""

    def model_called(self, call: ModelCall) -> None: ...

    def answer_given(self, outcome: AnswerOutcome) -> None: ...


class ChangeObserver(Protocol):
    """Told of every document that an index serves otherwise than before, once it does."""

    def document_changed(
        self,
        source: str,
        document_id: str,
        before: frozenset[str] | None,
        after: frozenset[str] | None,
    ) -> None:
        """Its ACL tags before and after; None where it was not, or is no longer, served."""
        ...
