"""The outermost layer: each request its id, each response its headers, each failure an answer."""

from __future__ import annotations

import re
import uuid
from contextlib import ExitStack

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import INTERNAL, problem_response

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Answers for their caller alone, which nobody between may keep.
_PRIVATE = ("/v1/", "/mcp", "/slack/")

log = structlog.stdlib.get_logger(__name__)


class RequestScope:
    """ASGI middleware; puts `request_id` into the request's state and into every log line.

    `leases` in the state holds what the request has taken, and gives it back when it is over.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        with (
            ExitStack() as state["leases"],
            structlog.contextvars.bound_contextvars(request_id=request_id),
        ):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _set_headers(scope, message)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            pass  # its client is gone: there is nobody to answer, and nothing has failed
        except Exception as error:
            log.error("request failed", exc_info=error)
            if started:
                raise  # too late for another answer; the server cuts the connection
            await problem_response(INTERNAL, scope)(scope, receive, send_with_headers)


def _request_id(scope: Scope) -> str:
    """The caller's own if it can do no harm in a log or a header, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _set_headers(scope: Scope, message: Message) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-ID"] = scope["state"]["request_id"]
    headers["X-Content-Type-Options"] = "nosniff"
    if scope["path"].startswith(_PRIVATE):
        headers["Cache-Control"] = "no-store"
