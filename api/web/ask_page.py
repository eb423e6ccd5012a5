"""`/ask`: an answer with its sources, at once or as it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

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


@dataclass(frozen=True, slots=True)
class AskForm:
    """What the form asks: a question, and the questions before it, oldest first."""

    question: str
    earlier: tuple[str, ...] = ()
    detail: Detail = Detail.BRIEF

    @property
    def next_earlier(self) -> str:
        """What the form of the next question sends as the questions before it, one a line."""
        return "\n".join([*self.earlier, self.question][-_MAX_EARLIER:])


@dataclass(frozen=True, slots=True)
class AskPage:
    """The page of one request, and the parts of it that answer a question."""

    request: Request
    form: AskForm

    @property
    def site(self) -> Site:
        return site_of(self.request)

    @property
    def max_chars(self) -> int:
        return self.site.services.settings.server.max_query_chars

    def whole(self, answer: str = "") -> Response:
        """The page, with an answer as sanitized HTML; 422 for a question that cannot be asked."""
        too_long = len(self.form.question) > self.max_chars
        unanswerable = self.request.method == "POST" and (too_long or not self.form.question)
        return self.site.page(
            self.request,
            "ask.html",
            422 if unanswerable else 200,
            question=self.form.question,
            earlier="\n".join(self.form.earlier),
            answer=answer,
            too_long=too_long,
            max_chars=self.max_chars,
        )

    def answer(self, event: Answered) -> str:
        """The answer with its sources and the forms below it."""
        citations = citations_of(event.answer)
        return self.part(
            "_answer.html",
            answer=event.answer,
            markup=render_answer(event.answer.text, citations),
            citations=citations,
            question=self.form.question,
            before="\n".join(self.form.earlier),
            earlier=self.form.next_earlier,
        )

    def part(self, template: str, **context: Any) -> str:
        """A part of the page."""
        return self.site.part(self.request, template, **context)


def form(request: Request, principal: Searcher, q: str = "") -> Response:  # noqa: ARG001 - checked
    """The form; with JavaScript it is sent at once when the address has a question."""
    return AskPage(request, AskForm(q.replace("\0", ""))).whole()


def ask(request: Request, principal: Searcher, by: Asking, fields: PostedForm) -> Response:
    """The whole page with the answer."""
    return _answered(AskPage(request, _asked(fields)), principal, by, _whole_page)


def stream(request: Request, principal: Searcher, by: Asking, fields: PostedForm) -> Response:
    """Server-sent events, each with a part of the page: `sources`, `text`, `answer`, `failure`."""
    return _answered(AskPage(request, _asked(fields)), principal, by, _event_stream)


def _answered(
    page: AskPage,
    principal: Principal,
    by: By,
    respond: Callable[[AskPage, Iterator[AnswerEvent]], Response],
) -> Response:
    """The response to a question, or the page that says why it cannot be asked."""
    form, services = page.form, page.site.services
    if not 0 < len(form.question) <= page.max_chars:
        return page.whole()
    events = services.answerer.stream(
        SearchQuery(form.question, principal),
        history=[Turn("user", text) for text in form.earlier],
        detail=form.detail,
    )
    return respond(page, audited(events, form.question, services, by))


def _whole_page(page: AskPage, events: Iterator[AnswerEvent]) -> Response:
    *_, last = events
    if not isinstance(last, Answered):
        raise RuntimeError("the stream of an answer ended without it")
    return page.whole(page.answer(last))


def _event_stream(page: AskPage, events: Iterator[AnswerEvent]) -> Response:
    # The search runs before the first byte goes out, so that its failure is an error page.
    events = chain([next(events)], events)
    stopped = _event("failure", page.part("_failure.html", problem=STOPPING))
    return EventStream(_server_sent(page, events), stopped=stopped)


def _server_sent(page: AskPage, events: Iterator[AnswerEvent]) -> Generator[str, None, None]:
    text = ""
    sources: list[ShownCitation] = []
    try:
        for event in events:
            if isinstance(event, ContextFound):
                sources = numbered(event.hits)
                yield _event("sources", page.part("_sources.html", citations=sources))
            elif isinstance(event, TextPart):
                text += event.text
                yield _event("text", render_answer(text, sources))
            else:
                yield _event("answer", page.answer(event))
    except RunbookError as error:
        log.error("answer failed", exc_info=error)
        yield _event("failure", page.part("_failure.html", problem=problem_of(error)))


def _event(name: str, markup: str) -> str:
    return f"event: {name}\ndata: {json.dumps(markup)}\n\n"


def _asked(fields: FormFields) -> AskForm:
    earlier = fields.get("earlier", "").replace("\0", "").splitlines()
    return AskForm(
        question=fields.get("q", "").replace("\0", "").strip(),
        earlier=tuple([line.strip() for line in earlier if line.strip()][-_MAX_EARLIER:]),
        detail=Detail.FULL if fields.get("detail") == "full" else Detail.BRIEF,
    )
