"""Signing in at the OpenID Connect issuer: to its page, and back with a code."""

from __future__ import annotations

import re

import structlog
from fastapi import APIRouter, Request, Response
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from api.compose.services import Services
from api.http.authentication import accept, asking, count_refusal
from api.identity.configured import CALLBACK_PATH
from api.identity.issuer_client import IssuerUnavailable
from api.identity.oidc import Person
from api.identity.oidc_sign_in import OidcSignIn, SignInAttempt, new_attempt
from api.web.cookie_cipher import CookieTooLarge
from api.web.page_route import OpenPage
from api.web.sessions import IssuedPerson, new_session
from api.web.sign_in_form import local_address, sign_in_page
from api.web.site import Site, site_of
from rag.errors import AuthenticationError

log = structlog.stdlib.get_logger(__name__)

START_PATH = "/sign-in/oidc"
_SEE_OTHER = 303
_ERROR_CODE = re.compile(r"[a-z_]{1,64}")  # those of OAuth 2.0 and OpenID Connect
_REFUSED = "Signing in was not completed. Try again."
_UNAVAILABLE = (
    "The identity provider cannot be used now. Try again later, or sign in with an API key."
)
_TOO_MANY_GROUPS = (
    "The identity provider sent more groups than a session can hold. Ask an administrator to have "
    "it send only the groups that this service uses."
)


def oidc_sign_in_router() -> APIRouter:
    router = APIRouter(route_class=OpenPage, include_in_schema=False)
    router.add_api_route(START_PATH, start, methods=["GET"])
    router.add_api_route(CALLBACK_PATH, callback, methods=["GET"])
    return router


def start(request: Request) -> Response:
    """Send the browser to the issuer, with a cookie that its answer must match."""
    site = site_of(request)
    sign_in = _configured(site.services)
    attempt = new_attempt(local_address(request.query_params.get("next", "/")))
    try:
        response = RedirectResponse(sign_in.address(attempt), _SEE_OTHER)
    except IssuerUnavailable as error:
        log.error("sign-in at the issuer is not possible", exc_info=error)
        return sign_in_page(request, site, 503, _UNAVAILABLE)
    try:
        site.start_attempt(request, response, attempt)
    except CookieTooLarge:  # because of the address: open the start page afterwards
        return RedirectResponse(START_PATH, _SEE_OTHER)
    return response


def callback(request: Request) -> Response:
    """Complete the sign-in that this browser started, and open the page that was asked for."""
    site = site_of(request)
    sign_in = _configured(site.services)
    attempt = site.attempt_of(request)
    if attempt is None or not _answers(request.query_params, attempt, sign_in):
        return _failed(request, site, AuthenticationError("no such sign-in was started here"))
    try:
        if not site.attempts.use(attempt):
            raise AuthenticationError("this sign-in was completed before")
        person = sign_in.person(request.query_params.get("code", ""), attempt)
        response = _signed_in(request, site, sign_in, person, attempt.address)
    except AuthenticationError as error:
        response = _failed(request, site, error)
    except CookieTooLarge:
        response = sign_in_page(request, site, 403, _TOO_MANY_GROUPS)
    site.forget_attempt(request, response)
    return response


def _signed_in(
    request: Request, site: Site, sign_in: OidcSignIn, person: Person, address: str
) -> Response:
    services = site.services
    principal = services.authenticator.expanded(sign_in.principal(person))
    issued = IssuedPerson(
        person.name,
        tuple(sorted(person.groups)),
        sign_in.client,
        site.sessions.expiry(sign_in.session_seconds),
    )
    response = RedirectResponse(address, _SEE_OTHER)
    site.remember(request, response, new_session(person=issued))
    accept(request, services, principal)
    services.audit.acted(asking(request), "signed in")
    site.sessions.end(request.state.session)
    return response


def _answers(given: QueryParams, attempt: SignInAttempt, sign_in: OidcSignIn) -> bool:
    """Whether the parameters belong to this attempt, each of them given once."""
    names = [name for name, _ in given.multi_items()]
    return (
        len(names) == len(set(names))
        and attempt.matches(given.get("state", ""))
        and sign_in.is_issuer(given.get("iss"))
    )


def _failed(request: Request, site: Site, error: AuthenticationError) -> Response:
    """The form again; what failed stands in the log alone. Raises TooManyRequests."""
    code = request.query_params.get("error", "")
    reason = code if _ERROR_CODE.fullmatch(code) else ""
    log.warning("sign-in at the issuer failed", reason=reason, exc_info=error)
    count_refusal(request, site.services)
    unavailable = isinstance(error, IssuerUnavailable)
    message = _UNAVAILABLE if unavailable else _REFUSED
    return sign_in_page(request, site, 503 if unavailable else 401, message)


def _configured(services: Services) -> OidcSignIn:
    """Raises HTTPException 404 where signing in at an issuer is not configured."""
    if services.sign_in is None:
        raise HTTPException(404)
    return services.sign_in
