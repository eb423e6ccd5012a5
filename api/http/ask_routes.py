"""POST /v1/ask: an answer with checked citations, at once or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from itertools import chain

import structlog
from fastapi import APIRouter

from api.http.audited import audited
from api.http.authentication import Asking, Searcher
from api.http.dependencies import InjectedServices
from api.http.event_stream import EventStream
from api.http.models import AskAnswer, AskRequest
from api.http.problems import STOPPING, problem_document, problem_of
from api.http.search_routes import check_length
from api.wire.answers import answer_to_wire
from api.wire.hits import JsonObject, to_wire
from rag.domain.answers import AnswerEvent, ContextFound, TextPart
from rag.errors import RunbookError

log = structlog.stdlib.get_logger(__name__)


def add_ask_routes(router: APIRouter) -> None:
    router.add_api_route(
        "/ask",
        ask,
        methods=["POST"],
        response_model=AskAnswer,
        response_model_exclude_unset=True,
        responses={
            200: {
                "content": {"text/event-stream": {"schema": {}}},
                "description": "The answer; with `stream`, events `context`, `token`, `answer`",
            }
        },
    )


def ask(
    body: AskRequest, services: InjectedServices, principal: Searcher, by: Asking
) -> JsonObject | EventStream:
    """An answer from what the caller may read, with citations, or an abstention."""
    max_chars = services.settings.server.max_query_chars
    check_length(body.query, max_chars)
    events = services.answerer.stream(
        body.to_domain(principal),
        history=[turn.to_domain() for turn in body.history],
        detail=body.detail,
    )
    audited_events = audited(events, body.query, services, by)
    # The search runs before the first byte goes out, so that its failure is a problem document.
    audited_events = chain([next(audited_events)], audited_events)
    if body.stream:
        return EventStream(
            _server_sent(audited_events, by.request_id),
            stopped=_event("error", problem_document(STOPPING, by.request_id)),
        )
    *_, last = audited_events
    return _wire_event(last, by.request_id)[1]


def _server_sent(events: Iterator[AnswerEvent], request_id: str) -> Generator[str, None, None]:
    """Each event as it comes; a failure in the middle is an event too, since it is late for more.

    EventStream closes this when the client has gone, which closes the answer and stops the model.
    """
    try:
        for event in events:
            yield _event(*_wire_event(event, request_id))
    except RunbookError as error:
        log.error("answer failed", exc_info=error)
        yield _event("error", problem_document(problem_of(error), request_id))


def _wire_event(event: AnswerEvent, request_id: str) -> tuple[str, JsonObject]:
    if isinstance(event, ContextFound):
        return "context", {"hits": [to_wire(hit) for hit in event.hits], "request_id": request_id}
    if isinstance(event, TextPart):
        return "token", {"text": event.text}
    return "answer", answer_to_wire(event.answer, request_id)


def _event(name: str, data: JsonObject) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
