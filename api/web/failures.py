"""Errors as pages, in the words that the HTTP API uses for them."""

from __future__ import annotations

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.http.problems import INVALID, Problem, problem_of, problem_with_status
from api.web.forms import ForeignForm
from api.web.site import Site
from rag.errors import RunbookError, TooManyRequests

log = structlog.stdlib.get_logger(__name__)

_SERVER_ERROR = 500
_FOREIGN_FORM = Problem(
    "foreign-form",
    403,
    "Form not accepted",
    "The form does not belong to your session, which may have ended. Open the page again, and "
    "send the form from there.",
)


def failure_page(
    request: Request, site: Site, error: RunbookError | HTTPException | RequestValidationError
) -> Response:
    """The page for an error. What exactly failed stands in the log, under the request's id."""
    headers: dict[str, str] = {}
    if isinstance(error, RequestValidationError):
        problem = INVALID
    elif isinstance(error, HTTPException):
        problem = problem_with_status(error.status_code)
        headers.update(error.headers or {})
    elif isinstance(error, ForeignForm):
        problem = _FOREIGN_FORM
    else:
        problem = problem_of(error)
        if isinstance(error, TooManyRequests):
            headers["Retry-After"] = str(error.retry_after)
    if problem.status >= _SERVER_ERROR:
        log.error("request failed", exc_info=error)
    response = site.page(request, "failure.html", problem.status, problem=problem)
    response.headers.update(headers)
    return response
