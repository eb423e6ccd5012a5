"""`/incidents`: those that the caller may see, and what was made of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.http.authentication import Asking, Searcher
from api.web.alert_page import quoted_command
from api.web.page_route import SignedInPage
from api.web.site import site_of
from api.wire.incidents import view_to_wire
from rag.incidents.drafting import draft_report, draft_status
from rag.incidents.timeline import Entry

_WIDTH = 600
_MARGIN = 10


def incident_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/incidents", incidents, methods=["GET"])
    router.add_api_route("/incidents/{incident_id}", incident, methods=["GET"])
    return router


def incidents(request: Request, principal: Searcher) -> Response:
    """The incidents that the caller may see, the newest first."""
    site = site_of(request)
    found = site.services.incidents.list(principal=principal)
    return site.page(request, "incidents.html", incidents=found)


def incident(incident_id: str, request: Request, principal: Searcher, by: Asking) -> Response:
    """Timeline, hypotheses, checks and drafts; NotFound where it is absent or another's."""
    site = site_of(request)
    services = site.services
    view = services.incidents.view(incident_id, principal=principal)
    hits = (*view.guidance.runbooks, *view.guidance.similar)
    services.audit.searched(by, view.incident.name, hits)
    return site.page(
        request,
        "incident.html",
        incident=view.incident,
        timeline=view.analysis.timeline,
        marks=timeline_marks(view.analysis.timeline),
        wire=view_to_wire(view),
        checks=[quoted_command(one) for one in view.guidance.checks],
        avoid=[quoted_command(one) for one in view.guidance.avoid],
        runbooks=view.guidance.runbooks,
        report=draft_report(view),
        draft=draft_status(view, services.now()),
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry in the picture of a timeline, `x` from its left edge."""

    x: float
    entry: Entry


def timeline_marks(timeline: Sequence[Entry]) -> list[Mark]:
    """The entries along a line, in proportion to their times."""
    if not timeline:
        return []
    first = min(one.at for one in timeline)
    span = (max(one.at for one in timeline) - first).total_seconds() or 1.0
    room = _WIDTH - 2 * _MARGIN
    return [
        Mark(round(_MARGIN + room * (one.at - first).total_seconds() / span, 1), one)
        for one in timeline
    ]
