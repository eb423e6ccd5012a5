"""`/alerts`: a pasted alert payload, and the runbooks that answer it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.http.alert_routes import triage_of
from api.http.authentication import Asking, Searcher
from api.web.code_rows import command_row
from api.web.forms import PostedForm
from api.web.matching import NOTHING_MATCHED
from api.web.page_route import SignedInPage
from api.web.sanitizing import sanitized
from api.web.site import site_of
from rag.alerts.payloads import parse_alerts
from rag.alerts.runbook_commands import Quoted
from rag.alerts.storms import AlertGroup
from rag.domain.documents import Command, Risk
from rag.errors import InvalidPayload


def alert_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/alerts", form, methods=["GET"])
    router.add_api_route("/alerts", alerts, methods=["POST"])
    return router


def form(request: Request, principal: Searcher) -> Response:  # noqa: ARG001 - checked
    """The form alone."""
    return _page(request, "", None, "")


def alerts(request: Request, principal: Searcher, by: Asking, fields: PostedForm) -> Response:
    """The groups of the payload, or what is wrong with it."""
    payload = fields.get("payload", "")
    try:
        pasted = parse_alerts(_parsed(payload))
    except InvalidPayload as error:
        return _page(request, payload, None, str(error))
    triage = triage_of(pasted, site_of(request).services, principal, by)
    groups = [ShownGroup(one, _check(one)) for one in triage.groups]
    return _page(request, payload, groups, "")


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group of alerts; `check` is its first command as sanitized HTML, "" without one."""

    group: AlertGroup
    check: str


def quoted_command(quoted: Quoted) -> str:
    """A command or a sentence of a document as sanitized HTML."""
    if quoted.risk is None:
        return sanitized(f"<p>{NOTHING_MATCHED.marked(quoted.text)}</p>")
    command = Command(quoted.line, quoted.text, Risk(quoted.risk))
    row = command_row(quoted.text, command, NOTHING_MATCHED, "")
    return sanitized(f'<div class="code">{row}</div>')


def _check(group: AlertGroup) -> str:
    return quoted_command(group.first_check) if group.first_check else ""


def _parsed(payload: str) -> object:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise InvalidPayload("payload", "is not JSON: paste the whole body") from error


def _page(
    request: Request, payload: str, groups: list[ShownGroup] | None, problem: str
) -> Response:
    status = 422 if problem else 200
    return site_of(request).page(
        request, "alerts.html", status, payload=payload, groups=groups, problem=problem
    )
