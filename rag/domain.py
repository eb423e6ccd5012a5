"""The glossary's types: frozen values that every other module speaks in.

A leaf module: it imports the standard library alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a Document is."""

    RUNBOOK = "runbook"
    POSTMORTEM = "postmortem"
    NOTE = "note"


class FreshnessStatus(StrEnum):
    """How a Document stands against its review date."""

    FRESH = "fresh"
    DUE = "due"
    STALE = "stale"
    UNKNOWN = "unknown"


class Risk(StrEnum):
    """What running a command would do to the system it is run on."""

    READ_ONLY = "read_only"
    MUTATING = "mutating"
    DESTRUCTIVE = "destructive"
    UNKNOWN = "unknown"


class Mode(StrEnum):
    """Which retrievers a search asks."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class Unsupported(StrEnum):
    """What becomes of a sentence that its citation does not bear out."""

    MARK = "mark"
    REMOVE = "remove"


class AclOrigin(StrEnum):
    """Where a Document's ACL tags were read."""

    DOCUMENT = "document"
    RULE_FILE = "rule_file"
    SOURCE = "source"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class LineSpan:
    """First and last line of a passage, counted from 1, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last:
            raise ValueError(f"not a line span: {self.first}-{self.last}")


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command as it stands in a Document, with its line."""

    line: int
    text: str
    risk: Risk


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a Document says of itself, apart from its text."""

    title: str
    kind: Kind = Kind.RUNBOOK
    service: tuple[str, ...] = ()
    owner: str | None = None
    severity: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    last_reviewed: date | None = None
    review_every: timedelta | None = None
    supersedes: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One runbook, postmortem or note, at one version.

    `path` is relative to the source's root, with `/`. `acl` holds the ACL tags of those who may
    read it; empty means administrators only; it is `acl_narrowed` while the index lets fewer read
    than the file says. `revision` is a git commit or a content hash, and `updated_at` is aware
    (UTC).
    """

    source: str
    path: str
    metadata: Metadata
    acl: frozenset[str]
    acl_origin: AclOrigin
    revision: str
    updated_at: datetime
    content_hash: str
    acl_narrowed: bool = False

    @property
    def id(self) -> str:
        return document_id(self.source, self.path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A retrievable span of a Document.

    `section` is the heading path from the outermost heading inwards. `context` is what stands
    before `text` when it is embedded: title and heading path.
    """

    document_id: str
    ordinal: int
    text: str
    section: tuple[str, ...]
    lines: LineSpan
    context: str = ""
    commands: tuple[Command, ...] = ()

    @property
    def id(self) -> str:
        return chunk_id(self.document_id, self.ordinal, self.text)

    @property
    def embedded_text(self) -> str:
        return f"{self.context}\n\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller with its groups. No groups means it may read nothing.

    One that is not `authenticated` is no member of `public`, unless it was given that by name.
    """

    name: str
    groups: frozenset[str] = frozenset()
    administrator: bool = False
    rights: frozenset[str] = frozenset()
    authenticated: bool = True


@dataclass(frozen=True, slots=True)
class Filters:
    """What a caller narrows a search to; `None` and empty mean no narrowing."""

    service: str | None = None
    kind: Kind | None = None
    since: date | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that one retriever found; a higher score is better within that retriever alone."""

    chunk_key: int
    score: float
    retriever: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """A Document's standing on one day. `age_days` counts from its last review, else its update."""

    status: FreshnessStatus
    updated_at: datetime
    last_reviewed: date | None
    age_days: int


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk of an active version as the catalog holds it.

    `key` is the catalog's number for this chunk of this version, and the id of its vector.
    """

    key: int
    chunk: Chunk
    document: Document


@dataclass(frozen=True, slots=True)
class Scores:
    """What each stage gave a hit; `None` where the stage did not see it."""

    dense: float | None = None
    lexical: float | None = None
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one lane gave a page: its rank and score there, None where it was not found by it.

    `points` is its part of the page's score.
    """

    lane: str
    rank: int | None
    raw: float | None
    points: float


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """What ranking must know of a page beside its scores.

    `superseded_by` has for each readable page that says that it supersedes this one, by its
    version, the path: in the same source.
    """

    version: int
    document_id: str
    updated_at: datetime
    last_reviewed: date | None
    review_every: timedelta | None
    superseded_by: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit ranks where it does: `page_score` is the contributions' sum times `prior`.

    `prior` is below 1 for a page that is old or superseded, and above 1 for one that was lifted
    because it is about an identifier of the question.
    `passage_share` is the passage's score as a share of its page's best passage.
    """

    contributions: tuple[Contribution, ...]
    prior: float
    page_score: float
    passage_share: float


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search returns: a chunk, the document it stands in, and why it ranks here.

    `superseded_by` are the paths, in the document's source, of its successors that may be read.
    """

    rank: int
    chunk: Chunk
    document: Document
    score: float
    scores: Scores
    freshness: Freshness
    explanation: Explanation
    superseded_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one question, best first; `took_ms` is wall time in milliseconds.

    `no_result` says that none of them answers it: they are the nearest there are.
    """

    hits: tuple[Hit, ...] = ()
    took_ms: float = 0.0
    no_result: bool = True


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that could not be indexed as it stands: where, and why. `line` counts from 1."""

    source: str
    path: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """Counts of what is being served.

    `last_failure` says why the last run failed, for administrators; None when it did not.
    """

    generation: int
    documents: int
    chunks: int
    quarantined: int
    last_success: datetime | None
    last_failure: str | None = None
    freshness: dict[FreshnessStatus, int] = field(default_factory=dict)


def content_hash(data: bytes) -> str:
    """The sha256 of a file's bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def document_id(source: str, path: str) -> str:
    """A Document is its source and path: 128 bits of sha256, in hex."""
    return hashlib.sha256(f"{source}\0{path}".encode()).hexdigest()[:32]


def chunk_id(document: str, ordinal: int, text: str) -> str:
    """A Chunk is its Document, ordinal and text: 128 bits of sha256, in hex."""
    return hashlib.sha256(f"{document}\0{ordinal}\0{text}".encode()).hexdigest()[:32]
