"""`/ask`: an answer with its sources, at once or as it is written."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from itertools import chain

import structlog
from fastapi import APIRouter, Request, Response

from api.http.audited import audited
from api.http.authentication import Asking, Searcher
from api.http.event_stream import EventStream
from api.http.problems import STOPPING, problem_of
from api.records.audit import By
from api.web.answers import ShownCitation, citations_of, numbered, render_answer
from api.web.forms import FormFields, PostedForm
from api.web.page_route import SignedInPage
from api.web.site import Site, site_of
from rag.domain.access import Principal
from rag.domain.answers import Answered, AnswerEvent, ContextFound, Detail, TextPart, Turn
from rag.domain.search import SearchQuery
from rag.errors import RunbookError

# Of a conversation the pages keep so many questions; only the topic is taken from them.
_MAX_EARLIER = 5

log = structlog.stdlib.get_logger(__name__)


def ask_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/ask", form, methods=["GET"])
    router.add_api_route("/ask", ask, methods=["POST"])
    router.add_api_route("/ask/stream", stream, methods=["POST"])
    return router


def form(request: Request, principal: Searcher, q: str = "") -> Response:  # noqa: ARG001 - checked
    """The form; with JavaScript it is sent at once when the address has a question."""
    return _page(request, site_of(request), q.replace("\0", ""), [])


def ask(request: Request, principal: Searcher, by: Asking, fields: PostedForm) -> Response:
    """The whole page with the answer."""
    site = site_of(request)
    question, earlier = _asked(fields)
    detail = _detail(fields)
    if not _is_answerable(site, question):
        return _page(request, site, question, earlier, too_long=bool(question), status=422)
    *_, last = _events(site, question, earlier, detail, principal, by)
    if not isinstance(last, Answered):
        raise RuntimeError("the stream of an answer ended without it")
    answer = _answer_markup(request, site, last, question, earlier)
    return _page(request, site, question, earlier, answer=answer)


def stream(request: Request, principal: Searcher, by: Asking, fields: PostedForm) -> Response:
    """Server-sent events, each with a piece of the page: `sources`, `text`, `answer`, `failure`."""
    site = site_of(request)
    question, earlier = _asked(fields)
    detail = _detail(fields)
    if not _is_answerable(site, question):
        return _page(request, site, question, earlier, too_long=bool(question), status=422)
    events = _events(site, question, earlier, detail, principal, by)
    # The search runs before the first byte goes out, so that its failure is an error page.
    events = chain([next(events)], events)
    return EventStream(
        _server_sent(events, request, site, question, earlier),
        stopped=_event("failure", site.part(request, "_failure.html", problem=STOPPING)),
    )


def _events(
    site: Site, question: str, earlier: list[str], detail: Detail, principal: Principal, by: By
) -> Iterator[AnswerEvent]:
    history = [Turn("user", text) for text in earlier]
    query = SearchQuery(question, principal)
    services = site.services
    return audited(
        services.answerer.stream(query, history=history, detail=detail), question, services, by
    )


def _server_sent(
    events: Iterator[AnswerEvent], request: Request, site: Site, question: str, earlier: list[str]
) -> Generator[str, None, None]:
    text = ""
    sources: list[ShownCitation] = []
    try:
        for event in events:
            if isinstance(event, ContextFound):
                sources = numbered(event.hits)
                yield _event("sources", site.part(request, "_sources.html", citations=sources))
            elif isinstance(event, TextPart):
                text += event.text
                yield _event("text", render_answer(text, sources))
            else:
                yield _event("answer", _answer_markup(request, site, event, question, earlier))
    except RunbookError as error:
        log.error("answer failed", exc_info=error)
        yield _event("failure", site.part(request, "_failure.html", problem=problem_of(error)))


def _event(name: str, markup: str) -> str:
    return f"event: {name}\ndata: {json.dumps(markup)}\n\n"


def _answer_markup(
    request: Request, site: Site, event: Answered, question: str, earlier: list[str]
) -> str:
    answer = event.answer
    citations = citations_of(answer)
    return site.part(
        request,
        "_answer.html",
        answer=answer,
        markup=render_answer(answer.text, citations),
        citations=citations,
        question=question,
        before="\n".join(earlier),
        earlier="\n".join([*earlier, question][-_MAX_EARLIER:]),
    )


def _page(
    request: Request,
    site: Site,
    question: str,
    earlier: list[str],
    *,
    answer: str = "",
    too_long: bool = False,
    status: int = 200,
) -> Response:
    return site.page(
        request,
        "ask.html",
        status,
        question=question,
        earlier="\n".join(earlier),
        answer=answer,
        too_long=too_long,
        max_chars=site.services.settings.server.max_query_chars,
    )


def _asked(fields: FormFields) -> tuple[str, list[str]]:
    """The question, and the questions before it, oldest first."""
    question = fields.get("q", "").replace("\0", "").strip()
    earlier = fields.get("earlier", "").replace("\0", "").splitlines()
    return question, [line.strip() for line in earlier if line.strip()][-_MAX_EARLIER:]


def _detail(fields: FormFields) -> Detail:
    return Detail.FULL if fields.get("detail") == "full" else Detail.BRIEF


def _is_answerable(site: Site, question: str) -> bool:
    return 0 < len(question) <= site.services.settings.server.max_query_chars
