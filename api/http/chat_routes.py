"""POST /v1/chat/completions and GET /v1/models, for any OpenAI client."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from functools import partial

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.compose.services import Services
from api.http.audited import audited
from api.http.authentication import Asking, Searcher
from api.http.chat_models import ChatRequest, ModelDescription, ModelList
from api.http.chat_wire import MODEL, Completion, failure
from api.http.dependencies import InjectedServices
from api.http.event_stream import EventStream
from api.http.openai_errors import OpenAIRoute
from api.http.problems import (
    NO_SUCH_MODEL,
    STOPPING,
    UNAVAILABLE,
    UNSUPPORTED,
    Problem,
    problem_response,
)
from api.wire.hits import JsonObject
from rag.domain.answers import Answered
from rag.domain.search import SearchQuery
from rag.errors import RunbookError
from rag.text.limits import MAX_HISTORY_CHARS, MAX_TURN_CHARS

# When this name was first answered for, as a Unix time; OpenAI's shape asks for one.
_CREATED = 1_790_000_000
_MODELS: JsonObject = {
    "object": "list",
    "data": [
        {"id": MODEL, "object": "model", "created": _CREATED, "owned_by": "runbook-search"},
    ],
}

_ANSWER: JsonObject = {
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "text/event-stream": {"schema": {}},
    },
    "description": "A chat.completion; with `stream`, chat.completion.chunk events",
}

log = structlog.stdlib.get_logger(__name__)


def add_chat_routes(router: APIRouter) -> None:
    add = partial(router.add_api_route, route_class_override=OpenAIRoute)
    add("/chat/completions", chat, methods=["POST"], responses={200: _ANSWER})
    add("/models", models, methods=["GET"], response_model=ModelList)
    add("/models/{model}", model, methods=["GET"], response_model=ModelDescription)


def models(principal: Searcher) -> JsonObject:  # noqa: ARG001 - a caller who may search
    """The one model that answers here: the search itself, and whatever writes its answers."""
    return _MODELS


def model(model: str, request: Request, principal: Searcher) -> JsonObject | Response:  # noqa: ARG001
    """The model of this name."""
    if model != MODEL:
        return problem_response(NO_SUCH_MODEL, request.scope)
    found: JsonObject = _MODELS["data"][0]
    return found


def chat(
    body: ChatRequest,
    request: Request,
    services: InjectedServices,
    principal: Searcher,
    by: Asking,
) -> Response:
    """An answer to what the user said last, with its sources."""
    if (refused := _refusal(body, services.settings.server.max_query_chars)) is not None:
        problem, field, reason = refused
        errors = [{"field": f"body.{field}", "reason": reason}]
        return problem_response(problem, request.scope, errors=errors)
    events = services.answerer.stream(SearchQuery(body.question, principal), history=body.history)
    audited_events = audited(events, body.question, services, by)
    # The search runs before the first byte goes out, so that its failure has a status.
    next(audited_events)
    completion = _completion(request, services)
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        parts = _streamed(completion.chunks(audited_events, include_usage=usage))
        return EventStream(parts, stopped=failure(STOPPING.detail, STOPPING.name))
    *_, last = audited_events
    if not isinstance(last, Answered):
        raise AssertionError("a stream ends with its answer")
    return JSONResponse(completion.whole(last.answer))


def _refusal(body: ChatRequest, max_chars: int) -> tuple[Problem, str, str] | None:
    """Why a request that is well formed cannot be answered: problem, field and reason."""
    if body.model != MODEL:
        return NO_SUCH_MODEL, "model", f"the model here is {MODEL}"
    if (parameter := body.unsupported) is not None:
        return UNSUPPORTED, parameter, "not supported: one answer in text is all there is"
    if (part := body.unread_part) is not None:
        return UNSUPPORTED, "messages", f"the question has a part of type {part[:40]}: send text"
    if not body.question:
        return UNSUPPORTED, "messages", "there is no question: no message of a user has text"
    if len(body.question) > max_chars:
        return UNSUPPORTED, "messages", f"the last question has more than {max_chars} characters"
    asked = [len(turn.text) for turn in body.history if turn.role == "user"]
    if max(asked, default=0) > MAX_TURN_CHARS:
        reason = f"a message of the user has more than {MAX_TURN_CHARS} characters"
        return UNSUPPORTED, "messages", f"{reason}; start a new conversation"
    if sum(asked) > MAX_HISTORY_CHARS:
        reason = f"the messages of the user have more than {MAX_HISTORY_CHARS} characters in all"
        return UNSUPPORTED, "messages", f"{reason}; start a new conversation"
    return None


def _completion(request: Request, services: Services) -> Completion:
    base = services.settings.server.public_url or str(request.base_url)
    return Completion(request.state.request_id, int(time.time()), base.rstrip("/"))


def _streamed(parts: Iterator[str]) -> Generator[str, None, None]:
    """The parts; a failure in the middle is one of them, since it is late for a status.

    EventStream closes this when the client has gone, which closes the answer and stops the model.
    """
    try:
        yield from parts
    except RunbookError as error:
        log.error("answer failed", exc_info=error)
        yield failure(UNAVAILABLE.detail, UNAVAILABLE.name)
