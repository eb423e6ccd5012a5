"""What the HTTP door takes and gives, as pydantic models: validation and the OpenAPI document.

`wire` makes the JSON; the models of responses only say what it looks like, and refuse to pass
anything else on.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from rag.adapters.catalog.jobs import JobKind, JobState
from rag.answer import Turn
from rag.domain import Filters, FreshnessStatus, Kind, Mode, Risk
from rag.search import DEFAULT_K, MAX_K

DEFAULT_PAGE = 50
MAX_PAGE = 200
_MAX_NAME = 200
_MAX_CURSOR = 8192  # a path of 4096 bytes, encoded, with room to spare
_MAX_PATH = 4096
_MAX_PATHS = 1000
_MAX_TURN = 20_000
_MAX_TURNS = 50
_CALENDAR_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def storable(text: str) -> str:
    """The text itself, if every store and tokenizer can take it."""
    # JSON can spell half a surrogate pair; no store and no tokenizer takes one.
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise PydanticCustomError("unicode", "Input should be valid Unicode text")
    return text


def _calendar_date(raw: object) -> object:
    # Left to itself pydantic reads numbers as Unix times.
    if raw is not None and not (isinstance(raw, str) and _CALENDAR_DATE.fullmatch(raw)):
        raise PydanticCustomError("calendar_date", "Write the date as YYYY-MM-DD")
    return raw


Question = Annotated[str, Field(min_length=1), AfterValidator(storable)]
Name = Annotated[str, Field(min_length=1, max_length=_MAX_NAME), AfterValidator(storable)]
SourcePath = Annotated[str, Field(min_length=1, max_length=_MAX_PATH), AfterValidator(storable)]
CalendarDate = Annotated[date, BeforeValidator(_calendar_date)]


Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FiltersRequest(_Model):
    """What narrows a search; what is left out narrows nothing."""

    service: Name | None = None
    kind: Kind | None = None
    since: CalendarDate | None = None
    source: Name | None = None

    def to_domain(self) -> Filters:
        return Filters(self.service, self.kind, self.since, self.source)


class SearchRequest(_Model):
    query: Question
    k: int = Field(default=DEFAULT_K, ge=1, le=MAX_K, strict=True)
    filters: FiltersRequest = FiltersRequest()
    mode: Mode = Mode.HYBRID
    explain: bool = Field(default=False, strict=True)


class TurnRequest(_Model):
    """What was said before; only what the user asked is read, and only to find the topic."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=_MAX_TURN), AfterValidator(storable)]

    def to_domain(self) -> Turn:
        return Turn(self.role, self.content)


class AskRequest(_Model):
    """A search that is answered; `stream` asks for server-sent events."""

    query: Question
    k: int = Field(default=DEFAULT_K, ge=1, le=MAX_K, strict=True)
    filters: FiltersRequest = FiltersRequest()
    mode: Mode = Mode.HYBRID
    history: list[TurnRequest] = Field(default=[], max_length=_MAX_TURNS)
    stream: bool = Field(default=False, strict=True)


class DocumentsQuery(_Model):
    """A page of the documents; `cursor` is the `next_cursor` of the page before."""

    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, max_length=_MAX_CURSOR)
    source: Name | None = None
    kind: Kind | None = None
    service: Name | None = None

    def to_domain(self) -> Filters:
        return Filters(service=self.service, kind=self.kind, source=self.source)


class ReindexRequest(_Model):
    """Every source, one `source`, or `paths` from the root of one."""

    source: Name | None = None
    paths: list[SourcePath] = Field(default=[], max_length=_MAX_PATHS)


class JobsQuery(_Model):
    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE)


class CommandModel(_Model):
    line: int
    text: str
    risk: Risk


class FreshnessModel(_Model):
    status: FreshnessStatus
    updated_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    last_reviewed: Annotated[str, Field(json_schema_extra={"format": "date"})] | None
    age_days: int


class DocumentReference(_Model):
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


class ChunkModel(_Model):
    chunk_id: str
    section: list[str]
    lines: LineNumbers
    text: str
    commands: list[CommandModel]


class ScoresModel(_Model):
    dense: float | None
    lexical: float | None
    rerank: float | None


class LaneModel(_Model):
    """What one lane gave the hit's page; `rank` and `score` are null where it did not find it."""

    lane: str
    rank: int | None
    score: float | None
    points: float


class ExplanationModel(_Model):
    """`score` is `page_score` times `passage_share`; `page_score` is the points times `prior`."""

    page_score: float
    prior: float
    passage_share: float
    lanes: list[LaneModel]


class HitModel(_Model):
    """`lines` are the first and last line in the file as it stood at `document.revision`."""

    rank: int
    chunk_id: str
    document: DocumentReference
    section: list[str]
    lines: LineNumbers
    text: str
    score: float
    scores: ScoresModel
    freshness: FreshnessModel
    commands: list[CommandModel]
    explanation: ExplanationModel | None = None


class SearchAnswer(_Model):
    hits: list[HitModel]
    took_ms: float
    request_id: str
    no_result: bool


class CitationModel(_Model):
    """`supported` is false where something that cites it was not found there."""

    marker: int
    hit: HitModel
    supported: bool


class UsageModel(_Model):
    tokens_in: int
    tokens_out: int


class AskAnswer(_Model):
    """`answer` is Markdown with markers `[n]`; each that is cited stands in `citations`."""

    answer: str
    abstained: bool
    citations: list[CitationModel]
    model: str
    prompt: str
    prompt_hash: str
    usage: UsageModel
    notices: list[str]
    request_id: str


class DocumentsPage(_Model):
    documents: list[DocumentModel]
    next_cursor: str | None


class DocumentAnswer(_Model):
    document: DocumentModel
    chunks: list[ChunkModel]


class JobAccepted(_Model):
    job: str


class JobProgressModel(_Model):
    """Documents found and finished, and chunks embedded."""

    found: int
    done: int
    chunks: int


class JobAnswer(_Model):
    """A job; `scope` is for whoever asked, `reason` for administrators."""

    id: str
    kind: JobKind
    state: JobState
    cancelling: bool
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    progress: JobProgressModel | None
    result: dict[str, Any] | None
    error: str | None
    scope: dict[str, Any] | None
    reason: str | None


class JobsAnswer(_Model):
    jobs: list[JobAnswer]


class StatusAnswer(_Model):
    status: str


class ProblemDocument(BaseModel):
    """An RFC 9457 problem; `type` is stable, `errors` and `reason` stand where they apply."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[dict[str, str]] | None = None
    reason: str | None = None
