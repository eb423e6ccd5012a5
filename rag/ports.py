"""Ports of the search engine, implemented by adapters.

Vectors are `array('f')` of unit length: numeric libraries read these 32-bit floats without a copy.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Generator as Stream
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Protocol

from rag.access.acl import AccessFilter
from rag.domain.answers import Usage
from rag.domain.documents import Chunk, Document, IndexedChunk
from rag.domain.search import Candidate, CandidateDocument, Filters, Mode

Vector = array  # of typecode "f"


@dataclass(frozen=True, slots=True)
class TokenCounterSource:
    """Reference to a token counter that another process can build: `factory(argument)`.

    `factory` has the form `module:function`. It returns a function like Embedder.count_tokens,
    without loading the model.
    """

    factory: str
    argument: str


class Embedder(Protocol):
    """Turns text into unit vectors with one model."""

    @property
    def fingerprint(self) -> str:
        """Identifies the model and its weights; part of a generation's identity."""
        ...

    @property
    def dimension(self) -> int: ...

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]: ...

    def embed_question(self, question: str) -> Vector[float]: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the model's tokenizer, with special tokens, without truncation."""
        ...

    @property
    def token_counter(self) -> TokenCounterSource:
        """A source of the same count for processes that do not load the model."""
        ...


class Question:
    """A question with its vector, shared by all stages of one search."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._vectors: dict[str, Vector[float]] = {}

    def vector(self, embedder: Embedder) -> Vector[float]:
        """The question's vector in this model, computed on the first call."""
        model = embedder.fingerprint
        if model not in self._vectors:
            self._vectors[model] = embedder.embed_question(self.text)
        return self._vectors[model]


Attributes = dict[str, Any]  # of int, str and list[str]


@dataclass(frozen=True, slots=True)
class ChunkDescription:
    """What else a vector's row says of its chunk, for those who read the store by itself.

    The search engine reads none of it. `acl_tags` are sorted.
    """

    document_id: str
    path: str
    revision: str
    section: tuple[str, ...]
    lines: tuple[int, int]
    owner: str | None
    acl_tags: tuple[str, ...]
    last_reviewed: date | None
    review_due: date | None


@dataclass(frozen=True, slots=True)
class VectorEntry:
    """A vector with the attributes that a store filters by. `updated` is a Unix time in seconds."""

    key: int
    version: int
    vector: Vector[float]
    acl_set: int
    kind: str
    source: str
    service: tuple[str, ...]
    updated: int
    description: ChunkDescription

    def attributes(self) -> Attributes:
        """The row of a store, in flat values; times are Unix times in seconds.

        What is empty or unknown is left out: Chroma refuses empty lists.
        """
        about = self.description
        dates = {"last_reviewed": about.last_reviewed, "review_due": about.review_due}
        lists = {
            "service": self.service,
            "acl_tags": about.acl_tags,
            "section": about.section,
        }
        return {
            "version": self.version,
            "acl_set": self.acl_set,
            "kind": self.kind,
            "source": self.source,
            "updated": self.updated,
            "document_id": about.document_id,
            "path": about.path,
            "revision": about.revision,
            "first_line": about.lines[0],
            "last_line": about.lines[1],
            **({"owner": about.owner} if about.owner else {}),
            **{name: list(values) for name, values in lists.items() if values},
            **{name: start_of(day) for name, day in dates.items() if day is not None},
        }


def start_of(day: date) -> int:
    """The first second of a day in UTC, as a Unix time."""
    return int(datetime.combine(day, time.min, UTC).timestamp())


def digest_of(attributes: Mapping[str, Any]) -> bytes:
    """Identifies the attributes of a row, in 8 bytes: a check of a million rows stays small."""
    content = json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class VectorFilter:
    """Restricts the entries returned. `acl_sets` None means all; an empty set means none."""

    acl_sets: frozenset[int] | None
    filters: Filters


class NearestVectors(Protocol):
    """Nearest-neighbour lookup over chunk vectors."""

    def nearest(
        self, vector: Vector[float], limit: int, where: VectorFilter
    ) -> list[tuple[int, float]]:
        """Keys with their cosine similarity, best first."""
        ...


class VectorStore(NearestVectors, Protocol):
    """A projection of the catalog's vectors for one generation; it can be rebuilt at any time."""

    def add(self, entries: Sequence[VectorEntry]) -> None:
        """Add entries. Idempotent; the entries are durable when it returns."""
        ...

    def delete_versions(self, versions: Sequence[int]) -> None: ...

    def count(self) -> int: ...

    def held(self) -> dict[int, bytes]:
        """The digest of every entry's attributes, by key."""
        ...

    def bloated(self) -> bool:
        """Whether the store keeps far more deleted vectors than served ones."""
        ...

    def compact(self, entries: Iterable[Sequence[VectorEntry]]) -> None:
        """Rebuild the store from `entries`, all that is served, while searches continue."""
        ...


class Retriever(Protocol):
    """Finds the Candidates of a question: filtered before the cut at `limit`, best first.

    A retriever of whole documents identifies each by the key of its first chunk.
    """

    @property
    def name(self) -> str: ...

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]: ...


class DocumentScorer(Protocol):
    """Scores the documents that retrievers found, each as a whole."""

    @property
    def name(self) -> str: ...

    def score(self, question: Question, versions: Sequence[int]) -> list[Candidate]:
        """Candidates best first, identified by their first chunk's key; some may be left out."""
        ...


class Reranker(Protocol):
    """Scores pairs of question and chunk with a more expensive model than a retriever's."""

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """The relevance of each chunk's text, 0 to 1. Raises ModelError."""
        ...


class ChunkReader(Protocol):
    """Reads chunks from the catalog, with the second check of access and version."""

    def change_count(self) -> int:
        """A counter that increases with every commit that changes the serving index."""
        ...

    def fetch(
        self, keys: Sequence[int], *, access: AccessFilter, filters: Filters
    ) -> dict[int, IndexedChunk]:
        """The chunks of active versions among `keys` that pass both filters, in one snapshot."""
        ...

    def refused(self, versions: Sequence[int], *, access: AccessFilter) -> int:
        """The number of `versions` that are served and that the filter forbids."""
        ...


class DocumentFeatureReader(Protocol):
    """Reads the features of documents that ranking needs."""

    def documents(
        self, versions: Sequence[int], *, access: AccessFilter
    ) -> dict[int, CandidateDocument]:
        """The documents among `versions` that may be read; some may no longer be served."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a search or an answer: it began `offset` seconds after that and took `seconds`."""

    name: str
    offset: float
    seconds: float


class SearchObserver(Protocol):
    """Receives the figures of every search, but no question and no text."""

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None: ...

    def refused(self, count: int) -> None:
        """The second check rejected `count` documents that a retriever returned."""
        ...


class DocumentReader(Protocol):
    """Reads whole documents, such as the neighbours of a hit."""

    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None:
        """One document with its chunks in order; None when absent or forbidden."""
        ...


class DocumentLister(DocumentReader, Protocol):
    """Lists the served documents, for reports over the whole catalog."""

    def every_document(self, *, access: AccessFilter) -> list[Document]:
        """All documents that may be read, ordered by source and path."""
        ...


class Generator(Protocol):
    """A language model that writes an answer from a prompt."""

    @property
    def model(self) -> str:
        """The configured model's name."""
        ...

    def load(self) -> None:
        """Load local weights; later calls return at once. Sends no request to a server."""
        ...

    def generate(self, system: str, user: str) -> Stream[str | Usage, None, None]:
        """Stream the text, followed by the usage.

        Closing the stream stops the model. Raises ModelError, at the start or in mid-stream.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelCall:
    """Figures of one call of a generator; `started` is a Unix time in seconds."""

    model: str
    started: float
    seconds: float
    usage: Usage
    failed: bool


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """Figures of one answer, without question, text or path.

    `started` is a Unix time. The stages of its search belong to the stage `retrieval`.
    """

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
    stages: Sequence[Stage] = ()


class AnswerObserver(Protocol):
    """Receives the figures of every answer and of every call of a model."""

    def model_called(self, call: ModelCall) -> None: ...

    def answer_given(self, outcome: AnswerOutcome) -> None: ...


class ChangeObserver(Protocol):
    """Is notified of every served document that changed, after the commit."""

    def document_changed(
        self,
        source: str,
        document_id: str,
        before: frozenset[str] | None,
        after: frozenset[str] | None,
        updated_at: datetime | None = None,
    ) -> None:
        """`before` and `after` are its ACL tags; None if it was not, or is no longer, served.

        `updated_at` is given for a new version: the time of the change that it is about.
        """
        ...
