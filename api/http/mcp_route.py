"""/mcp: the MCP tools over streamable HTTP, each request authenticated like any under /v1.

Requests stand alone (the transport's stateless mode): there is no session that could outlive a
key or serve another's. A browser cannot add the key to a request of its own, so that a page which
points its own name at this server (DNS rebinding) is refused like anybody else; beyond that a
request with an Origin is answered only where the operator allows that origin.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.compose.services import Services
from api.http.authentication import admit, require
from api.http.problems import MALFORMED, ORIGIN, problem_response
from api.mcp.server import Context, mcp_server
from rag.domain.access import Principal, Right
from rag.errors import AuthenticationError

_JSON = "application/json"


class McpDoor:
    """An ASGI application for one path; `running` must be entered once while it serves."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._manager: StreamableHTTPSessionManager | None = None
        self.route = Route("/mcp", self, include_in_schema=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        # A manager serves once; an application may be started again, as tests do.
        self._manager = StreamableHTTPSessionManager(
            mcp_server(self._services, _principal_of),
            json_response=True,
            stateless=True,
            # BodyLimit bounds it, and answers as everywhere; the library would in plain text.
            max_request_body_size=sys.maxsize,
        )
        try:
            async with self._manager.run():
                yield
        finally:
            self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self.route  # by which it is logged and counted
        request = Request(scope)
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._services.settings.mcp.allowed_origins:
            await problem_response(ORIGIN, scope)(scope, receive, send)
            return
        await run_in_threadpool(self._admit, request)
        if request.method != "POST":
            # Nothing is ever sent unasked, and there is no session to end.
            raise HTTPException(405, headers={"Allow": "POST"})
        if not request.headers.get("content-type", "").lower().startswith(_JSON):
            # The library's answer is plain text. What it says in its own protocol is left to it.
            await problem_response(MALFORMED, scope)(scope, receive, send)
            return
        if self._manager is None:
            raise RuntimeError("the MCP door is asked before it runs")
        await self._manager.handle_request(scope, receive, send)

    def _admit(self, request: Request) -> None:
        admit(request, self._services)
        require(Right.SEARCH, request, self._services)


def _principal_of(context: Context) -> Principal:
    # The very request that carries this call, as the transport hands it on.
    principal = getattr(getattr(context.request, "state", None), "principal", None)
    if not isinstance(principal, Principal):
        raise AuthenticationError("no principal came with this call")
    return principal
