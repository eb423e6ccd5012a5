"""Changes of incidents from the pages: opened with a first input, added to, and closed."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from api.http.authentication import Asking, Searcher
from api.http.incident_routes import close_incident, read_text
from api.web.forms import FormFields, PostedForm
from api.web.incident_page import incident_page, incidents_page
from api.web.page_route import SignedInPage
from api.web.site import site_of
from rag.errors import InvalidPayload, InvalidTag
from rag.incidents.facts import InputKind

_SEE_OTHER = 303
_MAX_NAME = 200
_MAX_TAGS = 50
_PASTED = "pasted"


def incident_forms_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/incidents", open_incident, methods=["POST"])
    router.add_api_route("/incidents/{incident_id}/inputs", add_input, methods=["POST"])
    router.add_api_route("/incidents/{incident_id}/close", close, methods=["POST"])
    return router


def open_incident(
    request: Request, principal: Searcher, by: Asking, fields: PostedForm
) -> Response:
    """Open an incident, add what was pasted, and show it; the form again where it is wrong."""
    services = site_of(request).services
    try:
        kind = _kind_of(fields)
        opened, similar = services.incidents.open(
            fields.get("name", ""),
            principal=principal,
            acl=_words(fields, "acl"),
            services=_words(fields, "services"),
        )
    except (InvalidPayload, InvalidTag) as error:
        return incidents_page(request, principal, fields, str(error))
    services.audit.acted(by, f"opened incident {opened.id}")
    services.audit.searched(by, opened.name, similar)
    if fields.get("content", "").strip():
        try:
            read_text(opened.id, _input_name(fields), kind, fields["content"], services, by)
        except InvalidPayload as error:
            return incident_page(opened.id, request, principal, by, str(error))
    return RedirectResponse(f"/incidents/{opened.id}", _SEE_OTHER)


def add_input(
    incident_id: str, request: Request, principal: Searcher, by: Asking, fields: PostedForm
) -> Response:
    """Add what was pasted, and show what is made of it."""
    services = site_of(request).services
    try:
        content = fields.get("content", "")
        read_text(incident_id, _input_name(fields), _kind_of(fields), content, services, by)
    except InvalidPayload as error:
        return incident_page(incident_id, request, principal, by, str(error))
    return RedirectResponse(f"/incidents/{incident_id}", _SEE_OTHER)


def close(
    incident_id: str,
    request: Request,
    principal: Searcher,
    by: Asking,
    fields: PostedForm,  # noqa: ARG001 - checked
) -> Response:
    """Close an incident; its note is kept where `incidents.notes` is set."""
    close_incident(incident_id, site_of(request).services, principal, by)
    return RedirectResponse(f"/incidents/{incident_id}", _SEE_OTHER)


def guessed_kind(text: str) -> InputKind:
    """What a text is, by its form: logs unless it is JSON of a known shape."""
    if not text.lstrip().startswith("{"):
        return InputKind.LOGS
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # lines of JSON are logs
        return InputKind.LOGS
    if "alerts" in found:
        return InputKind.ALERTS
    if "items" in found:
        return InputKind.EVENTS
    return InputKind.METRICS if "data" in found else InputKind.LOGS


def _kind_of(fields: FormFields) -> InputKind:
    chosen = fields.get("kind", "")
    if not chosen:
        return guessed_kind(fields.get("content", ""))
    try:
        return InputKind(chosen)
    except ValueError as error:
        raise InvalidPayload("kind", "is not one of those in the list") from error


def _input_name(fields: FormFields) -> str:
    name = fields.get("input_name", "").replace("\0", "").strip()[:_MAX_NAME]
    return name or _PASTED


def _words(fields: FormFields, name: str) -> list[str]:
    return fields.get(name, "").replace(",", " ").split()[:_MAX_TAGS]
