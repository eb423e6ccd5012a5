"""What the HTTP door takes and gives, as pydantic models: validation and the OpenAPI document.

`wire` makes the JSON; the models of responses only say what it looks like, and refuse to pass
anything else on.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from api.wire.fields import Name, Question, storable
from api.wire.shapes import ChunkModel, DocumentModel, DocumentReference, HitModel, Shape
from rag.domain.access import Principal
from rag.domain.answers import Detail, Turn
from rag.domain.documents import Kind
from rag.domain.jobs import JobKind, JobState
from rag.domain.search import DEFAULT_K, MAX_K, Confidence, Filters, Mode, SearchQuery
from rag.text.limits import MAX_HISTORY_CHARS, MAX_TURN_CHARS

DEFAULT_PAGE = 50
MAX_PAGE = 200
_MAX_CURSOR = 8192  # a path of 4096 bytes, encoded, with room to spare
_MAX_PATH = 4096
_MAX_PATHS = 1000
_MAX_TURNS = 50
_CALENDAR_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _calendar_date(raw: object) -> object:
    # Left to itself pydantic reads numbers as Unix times.
    if raw is not None and not (isinstance(raw, str) and _CALENDAR_DATE.fullmatch(raw)):
        raise PydanticCustomError("calendar_date", "Write the date as YYYY-MM-DD")
    return raw


SourcePath = Annotated[str, Field(min_length=1, max_length=_MAX_PATH), AfterValidator(storable)]
CalendarDate = Annotated[date, BeforeValidator(_calendar_date)]


def _null_is(default: object, accepted: Any) -> BeforeValidator:
    """Reads null as if the field were left out, as clients with types write what is not set."""
    return BeforeValidator(
        lambda raw: default if raw is None else raw, json_schema_input_type=accepted | None
    )


_Hits = Annotated[int, Field(ge=1, le=MAX_K, strict=True)]
_Flag = Annotated[bool, Field(strict=True)]
HitCount = Annotated[_Hits, _null_is(DEFAULT_K, _Hits)]
Flag = Annotated[_Flag, _null_is(False, _Flag)]
SearchMode = Annotated[Mode, _null_is(Mode.HYBRID, Mode)]

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class FiltersRequest(Shape):
    """What narrows a search; what is left out narrows nothing."""

    service: Name | None = None
    kind: Kind | None = None
    since: CalendarDate | None = None
    source: Name | None = None

    def to_domain(self) -> Filters:
        return Filters(self.service, self.kind, self.since, self.source)


OptionalFilters = Annotated[FiltersRequest, _null_is(FiltersRequest(), FiltersRequest)]


class QueryRequest(Shape):
    """A question and what its search is restricted to."""

    query: Question
    k: HitCount = DEFAULT_K
    filters: OptionalFilters = FiltersRequest()
    mode: SearchMode = Mode.HYBRID

    def to_domain(self, principal: Principal) -> SearchQuery:
        return SearchQuery(self.query, principal, self.k, self.filters.to_domain(), self.mode)


class SearchRequest(QueryRequest):
    explain: Flag = False


class TurnRequest(Shape):
    """What was said before; only what the user asked is read, and only to find the topic."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_TURN_CHARS), AfterValidator(storable)]

    def to_domain(self) -> Turn:
        return Turn(self.role, self.content)


def _within_limit(turns: list[TurnRequest]) -> list[TurnRequest]:
    if sum(len(turn.content) for turn in turns) > MAX_HISTORY_CHARS:
        raise PydanticCustomError(
            "history_too_long",
            "All turns together should have at most {max_length} characters",
            {"max_length": MAX_HISTORY_CHARS},
        )
    return turns


_Turns = Annotated[list[TurnRequest], Field(max_length=_MAX_TURNS), AfterValidator(_within_limit)]


class AskRequest(QueryRequest):
    """A search that is answered; `stream` asks for server-sent events.

    `detail` is `brief` for an answer on one screen, `full` for quotes of several documents.
    """

    history: Annotated[_Turns, _null_is([], _Turns)] = Field(default=[])
    stream: Flag = False
    detail: Detail = Detail.BRIEF


class DocumentsQuery(Shape):
    """A page of the documents; `cursor` is the `next_cursor` of the page before."""

    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, max_length=_MAX_CURSOR)
    source: Name | None = None
    kind: Kind | None = None
    service: Name | None = None

    def to_domain(self) -> Filters:
        return Filters(service=self.service, kind=self.kind, source=self.source)


class ReindexRequest(Shape):
    """Every source, one `source`, or `paths` from the root of one."""

    source: Name | None = None
    paths: list[SourcePath] = Field(default=[], max_length=_MAX_PATHS)


class JobsQuery(Shape):
    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE)


class SearchAnswer(Shape):
    hits: list[HitModel]
    took_ms: float
    request_id: str
    no_result: bool


class CitationModel(Shape):
    """`supported` is false where something that cites it was not found there."""

    marker: int
    hit: HitModel
    supported: bool


class UsageModel(Shape):
    tokens_in: int
    tokens_out: int


class AskAnswer(Shape):
    """`answer` is Markdown with markers `[n]`; each cited one is in `citations`.

    `confidence` is that of `document`, which the answer is led by; an abstention has none.
    """

    answer: str
    abstained: bool
    confidence: Confidence
    document: DocumentReference | None
    citations: list[CitationModel]
    model: str
    prompt: str
    prompt_hash: str
    usage: UsageModel
    notices: list[str]
    request_id: str


class DocumentsPage(Shape):
    documents: list[DocumentModel]
    next_cursor: str | None


class DocumentAnswer(Shape):
    document: DocumentModel
    chunks: list[ChunkModel]


class JobAccepted(Shape):
    job: str


class JobProgressModel(Shape):
    """Documents found and finished, and chunks embedded."""

    found: int
    done: int
    chunks: int


class JobAnswer(Shape):
    """A job; `scope` is for the principal that asked, `reason` for administrators."""

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


class JobsAnswer(Shape):
    jobs: list[JobAnswer]


class StatusAnswer(Shape):
    status: str


class ReadyAnswer(StatusAnswer):
    """`reading_failures` counts, by reason, files that could not be read within the limits."""

    reading_failures: dict[str, int] | None = None


class ProblemDocument(BaseModel):
    """An RFC 9457 problem; `type` is stable, `errors` and `reason` stand where they apply."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[dict[str, str]] | None = None
    reason: str | None = None
