"""POST /slack/command: a Slack slash command, known by its signature instead of a key."""

from __future__ import annotations

import time
from functools import partial

import structlog
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.compose.services import Services
from api.http.authentication import asking, count_refusal
from api.http.unverified_bodies import read_unverified_body
from api.records.audit import By
from api.slack.command import NotACommand, SlackCommand, parse_command, principal_of
from api.slack.messages import NOBODY, USAGE, Message, answer_message, private
from api.slack.replies import ReplySender
from api.slack.responder import SlackResponder
from api.slack.signature import REPLAY_SECONDS, SignatureCheck
from rag.access.acl import access_filter
from rag.domain.search import SearchQuery
from rag.errors import AuthenticationError

log = structlog.stdlib.get_logger(__name__)


class SlackDoor:
    """The route and the threads that answer commands; `close` it when the application stops."""

    def __init__(self, services: Services, secret: str) -> None:
        chosen = services.settings.slack
        self._services = services
        self._check = SignatureCheck(
            secret, time.time, services.make_used_ids("slack request", REPLAY_SECONDS)
        )
        self._groups = chosen.groups
        self._responder = SlackResponder(
            ReplySender(frozenset(chosen.response_origins)), chosen.patience_seconds
        )

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route(
            "/slack/command", self.command, methods=["POST"], include_in_schema=False
        )

    def close(self) -> None:
        self._responder.close()

    async def command(self, request: Request) -> Message:
        """An answer for the one who asks alone."""
        command = await self._command(request)
        principal = self._services.authenticator.expanded(principal_of(command, self._groups))
        request.state.principal = principal
        if access_filter(principal).nothing:
            return private(NOBODY)
        max_chars = self._services.settings.server.max_query_chars
        if not command.text or len(command.text) > max_chars:
            return private(USAGE)
        by = asking(request)
        return await self._responder.serve(command, partial(self._answer, command.text, by))

    async def _command(self, request: Request) -> SlackCommand:
        try:
            body = await self._signed_body(request)
        except AuthenticationError:
            count_refusal(request, self._services)
            raise
        try:
            return parse_command(body)
        except NotACommand as error:
            raise HTTPException(400) from error

    async def _signed_body(self, request: Request) -> bytes:
        timestamp = _only(request, "x-slack-request-timestamp")
        signature = _only(request, "x-slack-signature")
        self._check.check_headers(timestamp, signature)
        body = await read_unverified_body(request, self._services)
        await run_in_threadpool(self._check.check, timestamp, signature, body)
        return body

    def _answer(self, question: str, by: By) -> Message:
        with self._services.limits.admitted(by.principal.name):
            answer = self._services.answerer.answer(SearchQuery(question, by.principal))
        self._services.audit.asked(by, question, answer.hits)
        self._services.requests.answered(by.request_id, by.principal, question, answer)
        return answer_message(answer)


def _only(request: Request, name: str) -> str:
    given = request.headers.getlist(name)
    if len(given) != 1:
        raise AuthenticationError(f"send one {name} header")
    return given[0]
