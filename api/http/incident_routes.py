"""/v1/incidents: incidents, their inputs, and what is made of them, for those who may see each."""

from __future__ import annotations

import io
import json
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from api.compose.services import Services
from api.http.authentication import Asking, Searcher
from api.http.dependencies import InjectedServices
from api.records.audit import By
from api.wire.fields import Name, storable
from api.wire.hits import JsonObject
from api.wire.incident_shapes import (
    AddedModel,
    DraftModel,
    IncidentModel,
    IncidentsModel,
    IncidentViewModel,
    OpenedModel,
)
from api.wire.incidents import (
    draft_to_wire,
    incident_to_wire,
    input_to_wire,
    opened_to_wire,
    view_to_wire,
)
from api.wire.shapes import Shape
from rag.domain.access import Principal
from rag.domain.jobs import JobKind
from rag.errors import InvalidPayload, InvalidTag
from rag.incidents.drafting import draft_note, draft_report, draft_status
from rag.incidents.facts import InputKind, InputSummary
from rag.incidents.incident import Incident
from rag.incidents.service import IncidentView

_MAX_TAGS = 50


class OpenRequest(Shape):
    """`acl` are tags of the caller's groups; without any, only the caller sees the incident."""

    name: Name
    acl: list[Name] = Field(default=[], max_length=_MAX_TAGS)
    services: list[Name] = Field(default=[], max_length=_MAX_TAGS)


class InputRequest(Shape):
    """An input: `content` is its text, or a JSON value. One of the same `name` is replaced."""

    kind: InputKind
    name: Name
    content: Annotated[str, AfterValidator(storable)] | dict[str, Any] | list[Any]


def add_incident_routes(router: APIRouter) -> None:
    add, one = router.add_api_route, "/incidents/{incident_id}"
    add("/incidents", open_incident, methods=["POST"], status_code=201, response_model=OpenedModel)
    add("/incidents", incidents, methods=["GET"], response_model=IncidentsModel)
    add(one, incident, methods=["GET"], response_model=IncidentViewModel)
    add(f"{one}/inputs", add_input, methods=["POST"], status_code=201, response_model=AddedModel)
    add(f"{one}/report", report, methods=["GET"], response_model=DraftModel)
    add(f"{one}/status", status, methods=["GET"], response_model=DraftModel)
    add(f"{one}/close", close, methods=["POST"], response_model=IncidentModel)


def open_incident(
    body: OpenRequest, services: InjectedServices, principal: Searcher, by: Asking
) -> JsonObject:
    """Open an incident; similar ones of the past are shown."""
    try:
        opened, similar = services.incidents.open(
            body.name, principal=principal, acl=body.acl, services=body.services
        )
    except InvalidTag as error:
        raise InvalidPayload("acl", "holds what is no ACL tag, such as team:payments") from error
    services.audit.acted(by, f"opened incident {opened.id}")
    services.audit.searched(by, opened.name, similar)
    return {**opened_to_wire(opened, similar), "request_id": by.request_id}


def incidents(services: InjectedServices, principal: Searcher, by: Asking) -> JsonObject:
    """The incidents that the caller may see, the newest first."""
    found = services.incidents.list(principal=principal)
    return {"incidents": [incident_to_wire(one) for one in found], "request_id": by.request_id}


def add_input(
    incident_id: str,
    body: InputRequest,
    services: InjectedServices,
    principal: Searcher,  # noqa: ARG001 - checked
    by: Asking,
) -> JsonObject:
    """Add logs, events, alerts, deploys or metrics; facts are kept of them, not the input."""
    text = body.content if isinstance(body.content, str) else json.dumps(body.content)
    added = read_text(incident_id, body.name, body.kind, text, services, by)
    return {**input_to_wire(added), "request_id": by.request_id}


def incident(
    incident_id: str, services: InjectedServices, principal: Searcher, by: Asking
) -> JsonObject:
    """Timeline, first symptom, changes before it, hypotheses, checks, and what to avoid."""
    view = _view(incident_id, services, principal, by)
    return {**view_to_wire(view), "request_id": by.request_id}


def report(
    incident_id: str, services: InjectedServices, principal: Searcher, by: Asking
) -> JsonObject:
    """The draft of the report, in Markdown."""
    view = _view(incident_id, services, principal, by)
    summary = services.incidents.prose.summary(view)
    return draft_to_wire(draft_report(view, summary), summary, by.request_id)


def status(
    incident_id: str, services: InjectedServices, principal: Searcher, by: Asking
) -> JsonObject:
    """The draft of a status for people outside engineering, in Markdown."""
    view = _view(incident_id, services, principal, by)
    known = services.incidents.prose.status(view)
    return draft_to_wire(draft_status(view, services.now(), known), known, by.request_id)


def close(
    incident_id: str, services: InjectedServices, principal: Searcher, by: Asking
) -> JsonObject:
    """Close an incident; its note is kept and indexed where `incidents.notes` is set."""
    return incident_to_wire(close_incident(incident_id, services, principal, by))


def read_text(
    incident_id: str, name: str, kind: InputKind, text: str, services: Services, by: By
) -> InputSummary:
    """Add a text to an incident. Raises NotFound, InvalidPayload, PermissionDenied."""
    data = io.BufferedReader(io.BytesIO(text.encode()))
    added = services.incidents.add(incident_id, name, kind, data, principal=by.principal)
    services.audit.acted(by, f"added {kind.value} to incident {incident_id}")
    return added


def close_incident(incident_id: str, services: Services, principal: Principal, by: By) -> Incident:
    """Close an incident, and have its note indexed. Raises NotFound, PermissionDenied."""
    closed = services.incidents.close(incident_id, principal=principal, write=draft_note)
    services.audit.acted(by, f"closed incident {closed.id}")
    if closed.note:
        scope: JsonObject = {"source": services.notes_source, "paths": [closed.note]}
        services.jobs.enqueue(JobKind.REINDEX, scope, principal.name)
        services.wake()
    return closed


def _view(incident_id: str, services: Services, principal: Principal, by: By) -> IncidentView:
    view = services.incidents.view(incident_id, principal=principal)
    hits = (*view.guidance.runbooks, *view.guidance.similar)
    services.audit.searched(by, view.incident.name, hits)
    return view
