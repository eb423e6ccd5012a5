"""`/incidents`: those that the caller may see, and what was made of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.http.authentication import Asking, Searcher
from api.records.audit import By
from api.web.alert_page import quoted_command
from api.web.page_route import SignedInPage
from api.web.site import site_of
from api.wire.incidents import view_to_wire
from rag.domain.access import Principal
from rag.incidents.drafting import draft_report, draft_status
from rag.incidents.facts import InputKind
from rag.incidents.timeline import Entry

_KINDS = tuple(kind.value for kind in InputKind)
_PROBLEM = 422


def incident_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/incidents", incidents, methods=["GET"])
    router.add_api_route("/incidents/{incident_id}", incident, methods=["GET"])
    return router


def incidents(request: Request, principal: Searcher) -> Response:
    """The incidents that the caller may see, the newest first, and the form that opens one."""
    return incidents_page(request, principal, {}, "")


def incident(incident_id: str, request: Request, principal: Searcher, by: Asking) -> Response:
    """Timeline, hypotheses, checks and drafts; NotFound where it is absent or another's."""
    return incident_page(incident_id, request, principal, by, "")


def incidents_page(
    request: Request, principal: Principal, fields: Mapping[str, str], problem: str
) -> Response:
    """The list, with the form as it was filled in and what is wrong with it."""
    site = site_of(request)
    return site.page(
        request,
        "incidents.html",
        _PROBLEM if problem else 200,
        incidents=site.services.incidents.list(principal=principal),
        fields=fields,
        problem=problem,
        kinds=_KINDS,
        groups=sorted(principal.groups),
        may_open=principal.authenticated,
    )


def incident_page(
    incident_id: str, request: Request, principal: Principal, by: By, problem: str
) -> Response:
    """The page of one incident; `problem` says why an input could not be read."""
    site = site_of(request)
    services = site.services
    view = services.incidents.view(incident_id, principal=principal)
    hits = (*view.guidance.runbooks, *view.guidance.similar)
    services.audit.searched(by, view.incident.name, hits)
    return site.page(
        request,
        "incident.html",
        _PROBLEM if problem else 200,
        incident=view.incident,
        inputs=view.facts.inputs,
        first_symptom_at=view.analysis.onset.first.at if view.analysis.onset else None,
        timeline=view.analysis.timeline,
        marks=timeline_marks(view.analysis.timeline),
        wire=view_to_wire(view),
        checks=[quoted_command(one) for one in view.guidance.checks],
        avoid=[quoted_command(one) for one in view.guidance.avoid],
        runbooks=view.guidance.runbooks,
        similar=view.guidance.similar,
        report=draft_report(view),
        draft=draft_status(view, services.now()),
        kinds=_KINDS,
        problem=problem,
        may_change=principal.authenticated,
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry in the picture of a timeline; `share` is its time, from 0 at the first to 1."""

    share: float
    entry: Entry


def timeline_marks(timeline: Sequence[Entry]) -> list[Mark]:
    """The entries along a line, in proportion to their times."""
    if not timeline:
        return []
    first = min(one.at for one in timeline)
    span = (max(one.at for one in timeline) - first).total_seconds() or 1.0
    return [Mark(round((one.at - first).total_seconds() / span, 4), one) for one in timeline]
