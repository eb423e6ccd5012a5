"""Answers slash commands: at once where that is quick, else later at the address Slack gave.

Slack waits three seconds for the first word.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from api.slack.command import SlackCommand
from api.slack.messages import BUSY, FAILED, WORKING, Message, private
from api.slack.replies import ReplySender
from rag.errors import RunbookError

_WORKERS = 8
_MAX_AT_ONCE = 32

log = structlog.stdlib.get_logger(__name__)


class SlackResponder:
    """`close` ends it: nothing is answered from then on."""

    def __init__(self, replies: ReplySender, patience_seconds: float) -> None:
        self._replies = replies
        self._patience = patience_seconds
        self._room = threading.BoundedSemaphore(_MAX_AT_ONCE)
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="slack")

    async def serve(self, command: SlackCommand, answer: Callable[[], Message]) -> Message:
        """The first word to a command: what `answer` makes of it, or that it will follow."""
        if not self._room.acquire(blocking=False):
            return private(BUSY)
        # The request's id stays with what is logged about it.
        context = contextvars.copy_context()
        working = self._workers.submit(context.run, self._answered, answer)
        waiting = asyncio.shield(asyncio.wrap_future(working))
        try:
            return await asyncio.wait_for(waiting, self._patience)
        except TimeoutError:
            if not self._replies.allows(command.response_url):
                log.error("a late answer has no address of Slack's to go to")
                return private(FAILED)
            self._workers.submit(context.copy().run, self._deliver, working, command.response_url)
            return private(WORKING)

    def close(self) -> None:
        self._workers.shutdown(cancel_futures=True)

    def _answered(self, answer: Callable[[], Message]) -> Message:
        try:
            return answer()
        except RunbookError as error:
            log.error("a slash command failed", exc_info=error)
            return private(FAILED)
        finally:
            self._room.release()

    def _deliver(self, working: Future[Message], url: str) -> None:
        # Workers take up in order: what is waited for here has been taken up before.
        try:
            self._replies.send(url, working.result())
        except Exception as error:  # nothing else would report an error of this thread
            log.error("a late answer was lost", exc_info=error)
