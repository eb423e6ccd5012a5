"""What incidents look like, as pydantic models: for OpenAPI, and so that nothing else goes out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.wire.shapes import HitModel, QuotedModel, Shape
from rag.incidents.facts import InputKind
from rag.incidents.hypotheses import Strength
from rag.incidents.symptoms import SymptomKind

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class IncidentModel(Shape):
    """`acl` are the tags of those who see it; `note` is the file of its note, if one was kept."""

    id: str
    name: str
    status: Literal["open", "closed"]
    opened_at: Moment
    closed_at: Moment | None
    acl: list[str]
    services: list[str]
    note: str | None


class OpenedModel(IncidentModel):
    """A new incident; `similar` are notes and postmortems about something similar."""

    similar: list[HitModel]
    request_id: str


class IncidentsModel(Shape):
    incidents: list[IncidentModel]
    request_id: str


class InputModel(Shape):
    """What was read of an input; `undated` records have no time."""

    name: str
    kind: InputKind
    records: int
    undated: int
    first: Moment | None
    last: Moment | None


class AddedModel(InputModel):
    request_id: str


class EntryModel(Shape):
    """`line` is the line, or the record from 1, in `source`; null for what no line says."""

    at: Moment
    source: str
    line: int | None
    what: str
    count: int
    is_change: bool
    service: str | None
    until: Moment | None


class FirstSymptomModel(Shape):
    """`why` says what makes it a symptom; `is_weak` that no other source confirms it."""

    at: Moment
    source: str
    line: int | None
    what: str
    kind: SymptomKind
    service: str | None
    why: str
    is_weak: bool
    services: list[str]


class SuspectModel(Shape):
    """A change before the first symptom; a higher `score` is more suspicious."""

    at: Moment
    source: str
    line: int
    what: str
    service: str | None
    by: str | None
    score: float
    seconds_before: int
    reasons: list[str]
    doubts: list[str]


class TemplateModel(Shape):
    """`example` stands at `line` of `source`; `variables` are its values that vary."""

    template: str
    count: int
    first: Moment | None
    last: Moment | None
    example: str
    line: int
    is_new: bool
    source: str
    service: str | None
    level: str
    exception: str | None
    since_change: int
    variables: list[str]


class AnomalyModel(Shape):
    """`score` is the distance of `value` from `median` in robust standard deviations."""

    series: str
    service: str | None
    start: Moment
    end: Moment
    value: float
    median: float
    deviation: float
    score: float
    method: str


class EvidenceModel(Shape):
    at: Moment | None
    source: str
    line: int | None
    what: str


class HypothesisModel(Shape):
    claim: str
    evidence: list[EvidenceModel]
    against: list[str]
    refuted_by: str
    strength: Strength


class IncidentViewModel(Shape):
    """Everything that is made of an incident's inputs; every claim names its line."""

    incident: IncidentModel
    inputs: list[InputModel]
    timeline: list[EntryModel]
    first_symptom: FirstSymptomModel | None
    changes_before: list[SuspectModel]
    log_templates: list[TemplateModel]
    anomalies: list[AnomalyModel]
    hypotheses: list[HypothesisModel]
    checks: list[QuotedModel]
    avoid: list[QuotedModel]
    missing: list[str]
    runbooks: list[HitModel]
    similar: list[HitModel]
    request_id: str


class DraftModel(Shape):
    """A draft as Markdown; `model` and `prompt` are null where no model wrote a part of it."""

    markdown: str
    model: str | None
    prompt: str | None
    notices: list[str]
    request_id: str
