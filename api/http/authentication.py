"""From a credential to a Principal, before anything else of a request is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.compose.services import Services
from api.identity.anonymous import ANONYMOUS
from api.identity.client_address import client_address, network_of
from api.identity.port import Presented
from api.records.audit import By
from rag.domain.access import Principal, Right
from rag.errors import AuthenticationError, PermissionDenied


class AuthenticatedRoute(APIRoute):
    """A route whose caller is known before its body is read or its fields are checked.

    Being the class of every route under /v1, it cannot be forgotten on one of them.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def authenticated(request: Request) -> Response:
            _refuse_cross_site(request)
            await run_in_threadpool(admit, request, request.app.state.services)
            return await handle(request)

        return authenticated


def _refuse_cross_site(request: Request) -> None:
    """Refuse a change that a page of another site makes a browser send.

    Behind a proxy, or for anonymous callers, no credential of the request shows that it was meant.
    """
    changes = request.method not in ("GET", "HEAD", "OPTIONS")
    from_elsewhere = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if changes and from_elsewhere and "authorization" not in request.headers:
        raise PermissionDenied("requests of other sites are refused: send an Authorization header")


def admit(request: Request, services: Services) -> Principal:
    """Establish who is asking and count the request, until its response has gone out.

    For every door over HTTP, routes and mounted applications alike; the principal is kept in the
    request's state. Raises AuthenticationError and TooManyRequests. It may wait for a database
    and for an issuer of tokens: call it in a thread.
    """
    presented = presented_by(request)
    try:
        principal = services.authenticator.authenticate(presented)
    except AuthenticationError:
        count_refusal(request, services)
        raise
    accept(request, services, principal)
    return principal


def accept(request: Request, services: Services, principal: Principal) -> None:
    """Keep the principal of a request and count it; raises TooManyRequests."""
    request.state.principal = principal
    leases: ExitStack = request.state.leases
    counted_as = _counted_as(principal, caller_address(request, services))
    leases.enter_context(services.limits.admitted(counted_as))


def count_refusal(request: Request, services: Services) -> None:
    """A caller could not be established. Raises TooManyRequests when that happens too often."""
    # Past the limit, failures no longer fill the log and the audit log.
    caller = caller_address(request, services)
    services.limits.refused(network_of(caller))
    services.audit.refused(door(request), request.state.request_id, caller)


def caller_address(request: Request, services: Services) -> str | None:
    """The address of the caller, as a trusted proxy names it where there is one."""
    return client_address(
        _peer(request),
        request.headers.getlist("x-forwarded-for"),
        services.settings.trusted_proxies,
    )


def door(request: Request) -> str:
    """The method and route template of a request, as the audit log names it."""
    route = getattr(request.scope.get("route"), "path", request.scope.get("root_path", ""))
    return f"{request.method} {route}"


def asking(request: Request) -> By:
    """Who asks, for the audit log."""
    return By(request.state.principal, door(request), request.state.request_id)


def presented_by(request: Request) -> Presented:
    """What the request itself presents: its headers, and the address that it comes from."""
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    return Presented(headers, _peer(request))


def _peer(request: Request) -> str | None:
    return request.client.host if request.client else None


def _counted_as(principal: Principal, caller: str | None) -> str:
    if principal.name != ANONYMOUS:
        return principal.name
    return f"{ANONYMOUS} {network_of(caller)}"


def bearer_scheme() -> HTTPBearer:
    """The scheme as the OpenAPI document shows it; the checking is done by the route's class."""
    return HTTPBearer(auto_error=False, description="An API key, `rbk_…`, or an OIDC token.")


def require(right: Right, request: Request, services: Services) -> Principal:
    """The principal of an admitted request; raises PermissionDenied when it lacks the right."""
    principal: Principal = request.state.principal
    if not principal.administrator and right not in principal.rights:
        services.audit.denied(asking(request))
        raise PermissionDenied(f"this caller lacks the right {right.value}")
    return principal


async def _searcher(request: Request) -> Principal:
    return require(Right.SEARCH, request, request.app.state.services)


async def _administrator(request: Request) -> Principal:
    return require(Right.ADMIN, request, request.app.state.services)


async def _indexer(request: Request) -> Principal:
    return require(Right.INDEX, request, request.app.state.services)


# Not `asking` itself: a dependency that is no coroutine waits for a thread of its own.
async def _asking(request: Request) -> By:
    return asking(request)


Searcher = Annotated[Principal, Depends(_searcher)]
Administrator = Annotated[Principal, Depends(_administrator)]
IndexCaller = Annotated[Principal, Depends(_indexer)]
Asking = Annotated[By, Depends(_asking)]
