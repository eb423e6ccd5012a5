"""Signing in with a key or token, and signing out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from api.http.authentication import accept, asking, count_refusal, presented_by
from api.http.unverified_bodies import read_unverified_body
from api.web.forms import FormFields, PostedForm, parse_form
from api.web.page_route import OpenPage, with_credential
from api.web.sessions import new_session
from api.web.sign_in_form import local_address, sign_in_page
from api.web.site import Site, site_of
from rag.errors import AuthenticationError

_SEE_OTHER = 303
# Longer than any key; tokens of an issuer are as long as a cookie can hold.
_MAX_CREDENTIAL = 2500
_REFUSED = "This key is not valid. Check that you copied all of it, or ask for a new one."


def sign_in_router() -> APIRouter:
    router = APIRouter(route_class=OpenPage, include_in_schema=False)
    router.add_api_route("/sign-in", form, methods=["GET"])
    router.add_api_route("/sign-in", sign_in, methods=["POST"])
    router.add_api_route("/sign-out", sign_out, methods=["POST"])
    return router


async def form(request: Request) -> Response:
    """The form alone."""
    return sign_in_page(request, site_of(request), 200)


async def sign_in(request: Request) -> Response:
    """Start a session for whoever the key identifies, and go to the page that was asked for."""
    site = site_of(request)
    body = await read_unverified_body(request, site.services)
    return await run_in_threadpool(_sign_in, request, site, parse_form(request, body))


async def sign_out(request: Request, fields: PostedForm) -> Response:  # noqa: ARG001 - checked
    """End the session; its cookie is refused from now on."""
    site = site_of(request)
    await run_in_threadpool(site.sessions.end, request.state.session)
    response = RedirectResponse("/sign-in", _SEE_OTHER)
    site.forget(request, response)
    return response


def _sign_in(request: Request, site: Site, fields: FormFields) -> Response:
    credential = fields.get("key", "").strip()
    try:
        _accept(request, site, credential)
    except AuthenticationError:
        count_refusal(request, site.services)
        return sign_in_page(request, site, 401, _REFUSED)
    site.sessions.end(request.state.session)
    response = RedirectResponse(local_address(fields.get("next", "/")), _SEE_OTHER)
    site.remember(request, response, new_session(credential))
    return response


def _accept(request: Request, site: Site, credential: str) -> None:
    """Raises AuthenticationError for a credential that identifies nobody."""
    if not credential or len(credential) > _MAX_CREDENTIAL or not credential.isascii():
        raise AuthenticationError("no credential that a session can hold")
    services = site.services
    presented = with_credential(presented_by(request), credential)
    principal = services.authenticator.authenticate(presented)
    accept(request, services, principal)
    services.audit.acted(asking(request), "signed in")
