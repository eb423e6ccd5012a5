"""Errors as RFC 9457 problem documents with stable types.

Nothing of an exception's text and nothing of the caller's input goes out, beyond the path of a
field: details for the operator are in the log under the same request id.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from api.http.models import ProblemDocument
from rag.errors import (
    AuthenticationError,
    GenerationMismatch,
    IndexBusy,
    IndexMissing,
    InvalidPayload,
    ModelError,
    NotFound,
    PermissionDenied,
    RunbookError,
    StoreError,
    TooManyRequests,
)

MEDIA_TYPE = "application/problem+json"
_MAX_ERRORS = 20
_MAX_PART = 64

log = structlog.stdlib.get_logger(__name__)

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of error as the caller sees it: always the same words."""

    name: str
    status: int
    title: str
    detail: str

    @property
    def type(self) -> str:
        return f"urn:runbook:problem:{self.name}"


MALFORMED = Problem(
    "malformed-request", 400, "Malformed request", "The body cannot be read as JSON."
)
MALFORMED_HTTP = Problem(
    "malformed-http",
    400,
    "Malformed HTTP request",
    "The request is not valid HTTP/1.1, or its end is ambiguous; the connection is closed.",
)
UNAUTHENTICATED = Problem(
    "unauthenticated",
    401,
    "Authentication required",
    "Send one credential that is valid now, as in `Authorization: Bearer <API key>`.",
)
FORBIDDEN = Problem(
    "forbidden", 403, "Not permitted", "The caller lacks the right that this route asks for."
)
ORIGIN = Problem(
    "origin-not-allowed", 403, "Origin not allowed", "Pages of this origin may not ask here."
)
NOT_FOUND = Problem(
    "not-found", 404, "Not found", "There is nothing here, or nothing that you may read."
)
NO_SUCH_MODEL = Problem(
    "model-not-found", 404, "Model not found", "GET /v1/models lists the models that there are."
)
METHOD_NOT_ALLOWED = Problem(
    "method-not-allowed", 405, "Method not allowed", "The Allow header lists what may be used."
)
TOO_LARGE = Problem(
    "body-too-large", 413, "Body too large", "The body is larger than this server accepts."
)
TOO_MANY = Problem(
    "too-many-requests", 429, "Too many requests", "Wait as long as the Retry-After header says."
)
BODY_TIMEOUT = Problem(
    "body-timeout", 408, "Body too slow", "The body did not arrive in the time that it has."
)
TIMEOUT = Problem(
    "timeout", 504, "Timed out", "The answer took longer than this server lets it take."
)
BUSY = Problem(
    "busy", 503, "Busy", "More requests are being answered than this server takes; try again."
)
INVALID = Problem(
    "invalid-request", 422, "Invalid request", "Some fields are not as they should be; see errors."
)
INVALID_PAYLOAD = Problem(
    "invalid-payload",
    400,
    "Invalid payload",
    "The data is not in a form that is read here; errors name the field.",
)
UNSUPPORTED = Problem(
    "unsupported-request",
    400,
    "Unsupported request",
    "The request asks for what is not offered here; see errors.",
)
INTERNAL = Problem(
    "internal", 500, "Internal error", "The server's log says more under this request id."
)
UNAVAILABLE = Problem(
    "index-unavailable",
    503,
    "Index unavailable",
    "The index cannot be searched now; the server's log says why under this request id.",
)
STOPPING = Problem(
    "stopping", 503, "Stopping", "The server is being stopped, and ends this answer; ask again."
)
NOT_READY = Problem("not-ready", 503, "Not ready", "The index is not ready to be searched.")

_BY_STATUS = {
    problem.status: problem
    for problem in (
        MALFORMED,
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        BODY_TIMEOUT,
        TOO_LARGE,
        TOO_MANY,
        BUSY,
    )
}
_BY_ERROR: Mapping[type[RunbookError], Problem] = {
    AuthenticationError: UNAUTHENTICATED,
    PermissionDenied: FORBIDDEN,
    NotFound: NOT_FOUND,
    TooManyRequests: TOO_MANY,
    IndexMissing: UNAVAILABLE,
    InvalidPayload: INVALID_PAYLOAD,
    IndexBusy: UNAVAILABLE,
    GenerationMismatch: UNAVAILABLE,
    ModelError: UNAVAILABLE,
    StoreError: UNAVAILABLE,
}


def problem_response(
    problem: Problem,
    scope: Scope,
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """The problem as a response, with `members` in addition to the standard ones."""
    challenge = {"WWW-Authenticate": "Bearer"} if problem is UNAUTHENTICATED else {}
    content = {**problem_document(problem, scope["state"]["request_id"]), **members}
    return JSONResponse(
        content, problem.status, headers={**challenge, **(headers or {})}, media_type=MEDIA_TYPE
    )


def problem_document(problem: Problem, request_id: str) -> dict[str, Any]:
    """The standard members of the problem, for where a response is on its way already."""
    return {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
    }


def problem_of(error: RunbookError) -> Problem:
    """What the caller sees of an error of the project."""
    return _BY_ERROR.get(type(error), INTERNAL)


def problem_with_status(status: int) -> Problem:
    """The problem for an error that is known by its status alone."""
    return _BY_STATUS.get(status) or _unnamed(status)


def exception_handlers() -> dict[int | type[Exception], Handler]:
    """What the application answers to each kind of exception."""
    return {
        RunbookError: _on_own_error,
        InvalidPayload: _on_invalid_payload,
        RequestValidationError: _on_invalid_request,
        HTTPException: _on_http_error,
    }


def described() -> dict[int | str, dict[str, Any]]:
    """Every error for the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": ProblemDocument.model_json_schema()}}
    return {
        "4XX": {"description": "The request cannot be answered", "content": content},
        "5XX": {"description": "The server cannot answer", "content": content},
    }


async def _on_own_error(request: Request, error: RunbookError) -> Response:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", exc_info=error)
    wait = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequests) else {}
    return problem_response(problem, request.scope, headers=wait)


async def _on_invalid_payload(request: Request, error: InvalidPayload) -> Response:
    errors = [{"field": _field(tuple(error.field.split("."))), "reason": error.reason}]
    return problem_response(INVALID_PAYLOAD, request.scope, errors=errors)


async def _on_http_error(request: Request, error: HTTPException) -> Response:
    known = problem_with_status(error.status_code)
    return problem_response(known, request.scope, headers=error.headers)


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    if any(found.get("type") == "json_invalid" for found in error.errors()):
        # The place in the text that it names is no field.
        return problem_response(MALFORMED, request.scope)
    errors = [
        {"field": _field(found["loc"]), "reason": found["msg"]}
        for found in error.errors()[:_MAX_ERRORS]
    ]
    return problem_response(INVALID, request.scope, errors=errors)


def _unnamed(status: int) -> Problem:
    return Problem(f"http-{status}", status, HTTPStatus(status).phrase, HTTPStatus(status).phrase)


def _field(location: tuple[str | int, ...]) -> str:
    # Its parts may be the caller's own words: short ones, and such as can be encoded.
    parts = (str(part)[:_MAX_PART].encode("utf-8", "replace").decode() for part in location)
    return ".".join(parts)
