"""What hits and documents look like, as pydantic models: for OpenAPI and for the tools of MCP."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rag.domain.documents import FreshnessStatus, Kind, Risk


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

    `document_score` is the sum of the points, times `prior`.
    """

    document_score: float
    prior: float
    chunk_share: float
    signals: list[SignalModel]


class HitModel(Shape):
    """`lines` are the first and last line in the file as it stood at `document.revision`.

    `superseded_by` are the paths, in the same source, of its successors that the caller may read.
    """

    rank: int
    chunk_id: str
    document: DocumentReference
    section: list[str]
    lines: LineNumbers
    text: str
    score: float
    scores: ScoresModel
    freshness: FreshnessModel
    superseded_by: list[str]
    commands: list[CommandModel]
    explanation: ExplanationModel | None = None
