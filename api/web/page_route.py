"""Routes of pages: who asks is established before anything else is read, as everywhere."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.compose.services import Services
from api.http.authentication import accept, count_refusal, presented_by
from api.identity.oidc import Person
from api.identity.port import Presented
from api.web.failures import failure_page
from api.web.headers import secure_page
from api.web.sessions import IssuedPerson, Session, new_session
from api.web.sign_in_form import sign_in_page
from api.web.site import Site, site_of
from rag.domain.access import Principal
from rag.errors import AuthenticationError, RunbookError

_NONCE_BYTES = 16
_AUTHORIZATION = "authorization"


class OpenPage(APIRoute):
    """A page for anybody. Adds the session, the security headers, and errors as pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def page(request: Request) -> Response:
            site = site_of(request)
            known = await run_in_threadpool(site.session_of, request)
            request.state.session = known or new_session()
            request.state.nonce = secrets.token_urlsafe(_NONCE_BYTES)
            response = await self._answer(request, site, handle)
            if known is None and _needs_session(request, response, site):
                site.remember(request, response, request.state.session)
            secure_page(response.headers, request.state.nonce)
            return response

        return page

    async def _answer(
        self,
        request: Request,
        site: Site,
        handle: Callable[[Request], Coroutine[Any, Any, Response]],
    ) -> Response:
        try:
            await run_in_threadpool(self.admit, request, site)
            return await handle(request)
        except AuthenticationError:
            return sign_in_page(request, site, 401)
        except (RunbookError, HTTPException, RequestValidationError) as error:
            return failure_page(request, site, error)

    def admit(self, request: Request, site: Site) -> None:
        """Establish who asks; raises AuthenticationError and TooManyRequests."""


def _needs_session(request: Request, response: Response, site: Site) -> bool:
    """Whether a browser without a session gets one; a program with a key of its own does not."""
    return _AUTHORIZATION not in request.headers and not site.sets_session(request, response)


class SignedInPage(OpenPage):
    """A page for a principal: by its session, else by what the request presents itself."""

    def admit(self, request: Request, site: Site) -> None:
        services = site.services
        session: Session = request.state.session
        presented = credential_of(request, session)
        try:
            if session.person is not None and not presented.all(_AUTHORIZATION):
                principal = _principal_of(session.person, services)
            else:
                principal = services.authenticator.authenticate(presented)
        except AuthenticationError:
            # Whoever has shown nothing yet has not failed either.
            if presented.all(_AUTHORIZATION):
                count_refusal(request, services)
            raise
        accept(request, services, principal)


def _principal_of(person: IssuedPerson, services: Services) -> Principal:
    """Who signed in at the issuer, with the rights and groups of the current configuration."""
    sign_in = services.sign_in
    if sign_in is None or sign_in.client != person.client:
        raise AuthenticationError("the session is of an issuer that is no longer configured")
    known = sign_in.principal(Person(person.name, frozenset(person.groups)))
    return services.authenticator.expanded(known)


def credential_of(request: Request, session: Session) -> Presented:
    """What identifies the caller: the request's headers, and the session's credential."""
    own = presented_by(request)
    if session.credential is None or own.all(_AUTHORIZATION):
        return own
    return with_credential(own, session.credential)


def with_credential(presented: Presented, credential: str) -> Presented:
    """The same with this credential as its bearer token."""
    return Presented([*presented.headers, (_AUTHORIZATION, f"Bearer {credential}")], presented.peer)
