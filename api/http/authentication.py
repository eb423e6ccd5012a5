"""From a credential to a Principal, before anything else of a request is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.services import Services
from rag.adapters.catalog.keys import Right
from rag.domain import Principal
from rag.errors import AuthenticationError, PermissionDenied


class AuthenticatedRoute(APIRoute):
    """A route whose caller is known before its body is read or its fields are checked.

    Being the class of every route under /v1, it cannot be forgotten on one of them.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def authenticated(request: Request) -> Response:
            request.state.principal = await run_in_threadpool(authenticate, request)
            return await handle(request)

        return authenticated


def authenticate(request: Request) -> Principal:
    """The principal of the request's one bearer token; raises AuthenticationError."""
    services: Services = request.app.state.services
    token = _bearer_token(request.headers.getlist("authorization"))
    return services.keys.authenticate(token, datetime.now(UTC))


def _bearer_token(headers: list[str]) -> str:
    # Two headers may be read differently by a proxy and by this server: neither counts.
    words = headers[0].split(" ") if len(headers) == 1 else []
    if len(words) != 2 or words[0].lower() != "bearer":
        raise AuthenticationError("send one `Authorization: Bearer <API key>` header")
    return words[1]


def bearer_scheme() -> HTTPBearer:
    """The scheme as the OpenAPI document shows it; the checking is done by the route's class."""
    return HTTPBearer(auto_error=False, description="An API key: `rbk_…`.")


def may_search(principal: Principal) -> Principal:
    """The principal itself; raises PermissionDenied when it lacks the right to search."""
    if not principal.administrator and Right.SEARCH not in principal.rights:
        raise PermissionDenied("this key may not search")
    return principal


async def _searcher(request: Request) -> Principal:
    return may_search(request.state.principal)


Searcher = Annotated[Principal, Depends(_searcher)]
