"""Remembers what was asked and shown, so that feedback can be joined to it.

A search waits for no disk: requests are written aside, in batches. What was not written yet is
found all the same.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from api.settings import Settings
from rag.domain.access import Principal
from rag.domain.answers import Answer
from rag.domain.feedback import Asked, Judged, Verdict, shown_in
from rag.domain.search import Hit
from rag.errors import NotFound, RunbookError
from rag.guardrails.redaction import redacted

# Beyond this the store does not keep up; forgetting some costs only their feedback.
_MAX_PENDING = 10_000
_BATCH = 500
_PAUSE_SECONDS = 0.2
_PRUNE_EVERY = timedelta(hours=1)

log = logging.getLogger(__name__)


class RequestStore(Protocol):
    """Requests and verdicts on them, as they are stored."""

    def remember(self, asked: Sequence[Asked]) -> None:
        """Store these requests; one that is stored already is replaced."""
        ...

    def request(self, request_id: str, *, principal: str | None) -> Asked | None:
        """The request of that principal, or the newest of any when it is None."""
        ...

    def prune(self, now: datetime, *, older_than: timedelta, beyond: int) -> None:
        """Delete requests that are older, and the oldest of more than `beyond`."""
        ...

    def judge(self, asked: Asked, verdict: Verdict, at: datetime) -> Judged:
        """Store a verdict, in place of an earlier one on the same chunk or request."""
        ...


class RequestMemory:
    """Requests of one process; several processes over one catalog see each other's."""

    def __init__(
        self,
        store: RequestStore,
        *,
        keep_questions: bool = True,
        keep: timedelta = timedelta(days=30),
        max_requests: int = 100_000,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._keep_questions = keep_questions
        self._keep = keep
        self._max_requests = max_requests
        self._now = now
        self._pending: dict[tuple[str, str], Asked] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._writer: threading.Thread | None = None
        self._pruned: datetime | None = None

    def remember(
        self,
        request_id: str,
        principal: Principal,
        question: str,
        hits: Sequence[Hit],
        *,
        prompt: str | None = None,
        model: str | None = None,
        no_result: bool = False,
    ) -> None:
        """Note a request that was answered; returns at once."""
        kept = redacted(question) if self._keep_questions else None
        shown = shown_in(hits)
        asked = Asked(
            request_id, principal.name, self._now(), kept, shown, prompt, model, no_result
        )
        with self._lock:
            if len(self._pending) >= _MAX_PENDING:
                del self._pending[next(iter(self._pending))]
            self._pending[(asked.principal, asked.id)] = asked
            if self._writer is None and not self._stopped.is_set():
                self._writer = threading.Thread(target=self._run, name="requests", daemon=True)
                self._writer.start()

    def answered(
        self, request_id: str, principal: Principal, question: str, answer: Answer
    ) -> None:
        """Note a question that was answered in words; returns at once."""
        self.remember(
            request_id,
            principal,
            question,
            answer.hits,
            prompt=answer.prompt,
            model=answer.model,
            no_result=answer.abstained,
        )

    def judge(self, request_id: str, principal: Principal, verdict: Verdict) -> Judged:
        """Keep what `principal` says of its own request, an administrator of anybody's.

        Raises NotFound for a request that is not there or another's.
        """
        asked = self._find(request_id, principal)
        if asked is None or not _is_about(verdict, asked):
            raise NotFound("no such request, or not one of the caller's")
        kept = replace(verdict, comment=redacted(verdict.comment))
        return self._store.judge(asked, kept, self._now())

    def close(self) -> None:
        """Write what is pending, and end."""
        self._stopped.set()
        if self._writer is not None:
            self._writer.join()
        self._write_out()

    def _find(self, request_id: str, principal: Principal) -> Asked | None:
        own = self._pending.get((principal.name, request_id))
        if own is not None or not principal.administrator:
            return own or self._store.request(request_id, principal=principal.name)
        with self._lock:
            pending = list(self._pending.values())
        others = [asked for asked in pending if asked.id == request_id]
        return others[-1] if others else self._store.request(request_id, principal=None)

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            self._write_out()

    def _write_out(self) -> None:
        try:
            while batch := self._batch():
                self._store.remember(batch)
                self._forget(batch)
            self._prune()
        except RunbookError as error:
            log.error("requests cannot be kept", exc_info=error)

    def _batch(self) -> list[Asked]:
        with self._lock:
            return list(self._pending.values())[:_BATCH]

    def _forget(self, batch: Sequence[Asked]) -> None:
        with self._lock:
            for asked in batch:
                if self._pending.get((asked.principal, asked.id)) is asked:
                    del self._pending[(asked.principal, asked.id)]

    def _prune(self) -> None:
        now = self._now()
        if self._pruned is None or now - self._pruned >= _PRUNE_EVERY:
            self._store.prune(now, older_than=self._keep, beyond=self._max_requests)
            self._pruned = now


def _is_about(verdict: Verdict, asked: Asked) -> bool:
    return not verdict.chunk_id or any(one.chunk_id == verdict.chunk_id for one in asked.shown)


def request_memory(settings: Settings, store: RequestStore) -> RequestMemory:
    """The request log that the settings ask for; close it before the catalog."""
    chosen = settings.feedback
    return RequestMemory(
        store,
        keep_questions=chosen.keep_questions,
        keep=timedelta(days=chosen.keep_requests_days),
        max_requests=chosen.most_requests,
    )
