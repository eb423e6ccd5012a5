"""A search: what it takes and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from rag.domain.access import Principal
from rag.domain.documents import Chunk, Document, Freshness, Kind

DEFAULT_K = 10
MAX_K = 100


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
    """A question, who asks it, and what the search is restricted to.

    At most `k` hits are returned, and only chunks that `principal` may read.
    """

    question: str
    principal: Principal
    k: int = DEFAULT_K
    filters: Filters = Filters()
    mode: Mode = Mode.HYBRID


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that one retriever found; a higher score is better within that retriever alone."""

    chunk_key: int
    score: float
    retriever: str


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
