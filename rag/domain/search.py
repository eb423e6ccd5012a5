"""Values of a search: the query, the candidates and the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from rag.domain.access import Principal
from rag.domain.documents import Chunk, Document, Freshness, Kind

DEFAULT_K = 10
MAX_K = 100


class Confidence(StrEnum):
    """How likely a document answers a question; rag/retrieval/confidence.py has the thresholds."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Mode(StrEnum):
    """Which retrievers a search uses."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions that the caller chose; None means no restriction."""

    service: str | None = None
    kind: Kind | None = None
    since: date | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A question, the principal who asks it, and the restrictions of the search.

    At most `k` hits are returned, and only chunks that `principal` may read.
    """

    question: str
    principal: Principal
    k: int = DEFAULT_K
    filters: Filters = Filters()
    mode: Mode = Mode.HYBRID


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk found by a retriever; scores are comparable within that retriever only."""

    chunk_key: int
    score: float
    retriever: str


@dataclass(frozen=True, slots=True)
class Scores:
    """A hit's score at each stage; None if the stage did not score it."""

    dense: float | None = None
    lexical: float | None = None
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """One signal's contribution to a document's score; rank and score are None if not found.

    `raw` is on the signal's own scale; `points` is the part of the document's score.
    """

    signal: str
    rank: int | None
    raw: float | None
    points: float


@dataclass(frozen=True, slots=True)
class CandidateDocument:
    """The features of a document that ranking needs in addition to its scores.

    `superseded_by` maps the version of each readable document that supersedes this one to its
    path, in the same source.
    """

    version: int
    document_id: str
    source: str
    path: str
    updated_at: datetime
    last_reviewed: date | None
    review_every: timedelta | None
    superseded_by: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons for a hit's rank: `document_score` is the sum of the contributions times `prior`.

    `prior` is below 1 for a document that is old or superseded, and above 1 for one that is
    boosted because it is about an identifier of the question.
    `chunk_share` is the chunk's score as a share of the best chunk's of its document. `evidence`
    has the features that confidence is computed from, by name (rag/retrieval/evidence.py); it is
    empty if the search was not by meaning.
    """

    contributions: tuple[Contribution, ...]
    prior: float
    document_score: float
    chunk_share: float
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search: a chunk, its document, and the explanation of its rank.

    `superseded_by` are the paths, in the document's source, of its successors that the principal
    may read; `siblings` the paths, in the same source, of its copies for other versions or regions
    that were found too. `url` leads to the chunk's section on the site that renders the document;
    None without one. `confidence` is derived from `probability`, the calibrated one, from 0 to 1,
    that the document answers; that is None if the embedding model has no confidence model.
    """

    rank: int
    chunk: Chunk
    document: Document
    score: float
    scores: Scores
    freshness: Freshness
    explanation: Explanation
    superseded_by: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    url: str | None = None
    confidence: Confidence = Confidence.MEDIUM
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one question, best first; `took_ms` is wall time in milliseconds.

    `no_result` is true if none of them answers the question: they are only the nearest.
    """

    hits: tuple[Hit, ...] = ()
    took_ms: float = 0.0
    no_result: bool = True
