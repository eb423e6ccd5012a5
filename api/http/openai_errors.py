"""A route whose errors OpenAI's clients understand: problem documents with an `error` member."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.http.authentication import AuthenticatedRoute
from api.http.problems import MEDIA_TYPE, exception_handlers
from api.wire.hits import JsonObject
from rag.errors import RunbookError

_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


class OpenAIRoute(AuthenticatedRoute):
    """Authenticates like every route under /v1, and says what goes wrong in both shapes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, handlers = super().get_route_handler(), exception_handlers()

        async def answered(request: Request) -> Response:
            try:
                response = await handle(request)
            except RunbookError as error:
                response = await handlers[RunbookError](request, error)
            except RequestValidationError as error:
                response = await handlers[RequestValidationError](request, error)
            except HTTPException as error:
                response = await handlers[HTTPException](request, error)
            return _with_error(response)

        return answered


def _with_error(response: Response) -> Response:
    if response.media_type != MEDIA_TYPE:
        return response
    problem = json.loads(bytes(response.body))
    kept = {
        name: value
        for name, value in response.headers.items()
        if name not in ("content-type", "content-length")
    }
    return JSONResponse(
        {**problem, "error": openai_error(problem)},
        response.status_code,
        headers=kept,
        media_type=MEDIA_TYPE,
    )


def openai_error(problem: JsonObject) -> JsonObject:
    """OpenAI's error object for a problem document; it names the first field that is wrong."""
    status, wrong = problem["status"], (problem.get("errors") or [None])[0]
    default = (
        "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    )
    field = wrong["field"].removeprefix("body.") if wrong else None
    message = f"{field}: {wrong['reason']}" if wrong else problem["detail"]
    return {
        "message": message,
        "type": _TYPES.get(HTTPStatus(status), default),
        "param": field,
        "code": problem["type"].rsplit(":", 1)[-1],
    }
