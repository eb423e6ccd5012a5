"""What hits and documents look like, as pydantic models: for OpenAPI and for the tools of MCP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.alerts.claims import ClaimedBy
from rag.alerts.matching import MatchedBy
from rag.domain.documents import FreshnessStatus, Kind, Risk
from rag.domain.search import Confidence


class Shape(BaseModel):
    """Refuses what it does not know, and passes nothing else on."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CommandModel(Shape):
    line: int
    text: str
    risk: Risk


class FreshnessModel(Shape):
    status: FreshnessStatus
    updated_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    last_reviewed: Annotated[str, Field(json_schema_extra={"format": "date"})] | None
    age_days: int


class DocumentReference(Shape):
    """`path` is relative to the root of its source; `revision` is a commit or a content hash."""

    id: str
    path: str
    source: str
    title: str
    kind: Kind
    service: list[str]
    owner: str | None
    revision: str
    url: str | None


class DocumentModel(DocumentReference):
    severity: list[str]
    alerts: list[str]
    tags: list[str]
    freshness: FreshnessModel


LineNumbers = Annotated[list[int], Field(min_length=2, max_length=2)]


class ChunkModel(Shape):
    chunk_id: str
    section: list[str]
    lines: LineNumbers
    text: str
    commands: list[CommandModel]


class ScoresModel(Shape):
    dense: float | None
    lexical: float | None
    rerank: float | None


class SignalModel(Shape):
    """One signal's part of a document's score; `rank` and `score` are null if not found."""

    signal: str
    rank: int | None
    score: float | None
    points: float


class ExplanationModel(Shape):
    """A hit's score is `document_score` times `chunk_share`.

    `document_score` is the sum of the points, times `prior`. `probability`, that the document
    answers, is computed from the `evidence`; null if the embedding model has no confidence model.
    """

    document_score: float
    prior: float
    chunk_share: float
    signals: list[SignalModel]
    probability: float | None
    evidence: dict[str, float]


class HitModel(Shape):
    """`lines` are the first and last line in the file as it stood at `document.revision`.

    `superseded_by` are the paths, in the same source, of its successors that the caller may read,
    `siblings` those of its copies for other versions or regions. `url` leads to the section on the
    site that renders the document.
    """

    rank: int
    chunk_id: str
    document: DocumentReference
    section: list[str]
    lines: LineNumbers
    text: str
    score: float
    confidence: Confidence
    scores: ScoresModel
    freshness: FreshnessModel
    superseded_by: list[str]
    siblings: list[str]
    url: str | None
    commands: list[CommandModel]
    explanation: ExplanationModel | None = None


class CitationPlace(Shape):
    """Where quoted words stand; `line` counts from 1 in the file at its indexed revision."""

    document_id: str
    source: str
    path: str
    chunk_id: str
    section: list[str]
    line: int


class QuotedModel(Shape):
    """A command of a document, never made up; `risk` is null for a sentence that warns."""

    command: str
    risk: Risk | None
    citation: CitationPlace


class AlertCount(Shape):
    name: str
    alerts: int


class AlertGroupModel(Shape):
    """Alerts that one runbook answers. `alerts` counts each set of labels once, `problems` those
    that differ in more than a pod or an instance. `ambiguous` says that several documents claim
    them equally; `claimed_by` says what in the document refers to them.
    """

    key: str
    alerts: int
    firing: int
    problems: int
    status: Literal["firing", "resolved"]
    matched_by: MatchedBy | None
    claimed_by: ClaimedBy | None
    ambiguous: bool
    names: list[AlertCount]
    services: list[AlertCount]
    first_started_at: str | None
    last_started_at: str | None
    first_check: QuotedModel | None
    runbooks: list[HitModel]
    request_id: str


class AlertsModel(Shape):
    """`unsearched` alerts are of too many different rules: no runbook was looked up for them."""

    groups: list[AlertGroupModel]
    unsearched: int
    request_id: str
