"""The query log: what was asked and shown, for feedback and for drift.

A search does not wait for the disk: a thread writes requests in batches. Feedback on a request that
is not written yet finds it in memory.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from api.records.last_requests import (
    OPENED_WITHIN,
    LastRequest,
    LastRequests,
    LocalLastRequests,
)
from api.records.question_policy import QuestionPolicy
from api.records.secret_file import secret_of
from api.settings import Settings
from rag.domain.access import Principal
from rag.domain.answers import Answer
from rag.domain.feedback import Asked, Judged, Opened, Verdict, shown_in
from rag.domain.search import Hit
from rag.errors import NotFound, RunbookError
from rag.guardrails.redaction import redacted

# If the store is too slow for this many, the oldest are dropped; only feedback on them is lost.
_MAX_PENDING = 10_000
_BATCH = 500
_PAUSE_SECONDS = 0.2
# The pause, and what a batch takes on a busy machine.
_SECONDS_TO_WRITE = 1.0
_PRUNE_EVERY = timedelta(hours=1)

log = logging.getLogger(__name__)


class RequestStore(Protocol):
    """Requests and verdicts on them, as they are stored."""

    def remember(self, asked: Sequence[Asked]) -> None:
        """Store these requests; one that is stored already is replaced."""
        ...

    def opened(self, opened: Sequence[Opened]) -> None:
        """Note the rank of the first document opened from each request."""
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
    """Requests of one process; several processes over one catalog see each other's.

    `last` keeps the newest request of each principal, by default those of this process alone.
    `seconds_to_write` is how long another process may take to write what it has answered.
    """

    def __init__(
        self,
        store: RequestStore,
        *,
        questions: QuestionPolicy | None = None,
        keep: timedelta = timedelta(days=30),
        max_requests: int = 100_000,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        last: LastRequests | None = None,
        seconds_to_write: float = 0.0,
    ) -> None:
        self._store = store
        self._questions = questions or QuestionPolicy()
        self._keep = keep
        self._max_requests = max_requests
        self._now = now
        self._pending: dict[tuple[str, str], Asked] = {}
        self._opened: list[Opened] = []
        self._last = last or LocalLastRequests()
        self._seconds_to_write = seconds_to_write
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
        kept = self._questions.kept(question)
        asked = Asked(
            id=request_id,
            principal=principal.name,
            at=self._now(),
            question=kept.text,
            shown=shown_in(hits),
            prompt=prompt,
            model=model,
            no_result=no_result,
            question_hash=kept.hash,
            score=hits[0].score if hits else None,
            similarity=max((one for hit in hits if (one := hit.scores.dense)), default=None),
            confidence=hits[0].probability if hits else None,
        )
        with self._lock:
            if len(self._pending) >= _MAX_PENDING:
                del self._pending[next(iter(self._pending))]
            self._pending[(asked.principal, asked.id)] = asked
            self._start_writer()
        self._last.note(asked.principal, LastRequest.of(asked))

    def opened(self, principal: Principal, document_id: str) -> None:
        """Note that a document was opened; counts for the newest request that showed it."""
        last = self._last.take(principal.name, document_id)
        if last is None or self._now() - last.at > OPENED_WITHIN:
            return
        rank = last.documents.index(document_id) + 1
        with self._lock:
            self._opened.append(Opened(principal.name, last.id, rank))
            self._start_writer()

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

    def _start_writer(self) -> None:
        if self._writer is None and not self._stopped.is_set():
            self._writer = threading.Thread(target=self._run, name="requests", daemon=True)
            self._writer.start()

    def _find(self, request_id: str, principal: Principal) -> Asked | None:
        """A request of this process, or one that another has written or is about to write."""
        deadline = time.monotonic() + self._seconds_to_write
        while (found := self._find_now(request_id, principal)) is None:
            if time.monotonic() >= deadline:
                return None
            self._stopped.wait(_PAUSE_SECONDS / 4)
        return found

    def _find_now(self, request_id: str, principal: Principal) -> Asked | None:
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
            self._write_opened()
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

    def _write_opened(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, []
        if opened:
            self._store.opened(opened)

    def _prune(self) -> None:
        now = self._now()
        if self._pruned is None or now - self._pruned >= _PRUNE_EVERY:
            self._store.prune(now, older_than=self._keep, beyond=self._max_requests)
            self._pruned = now


def _is_about(verdict: Verdict, asked: Asked) -> bool:
    return not verdict.chunk_id or any(one.chunk_id == verdict.chunk_id for one in asked.shown)


def request_memory(
    settings: Settings, store: RequestStore, shared: LastRequests | None = None
) -> RequestMemory:
    """The query log that the settings ask for; close it before the catalog.

    `shared` is given where other processes answer requests of the same principals.
    """
    chosen = settings.feedback
    hashed = chosen.keep_questions and chosen.hash_questions
    return RequestMemory(
        store,
        questions=QuestionPolicy(
            keep=chosen.keep_questions,
            hash_key=secret_of(settings.state_folder / "queries.key") if hashed else None,
            sample=chosen.sample_questions,
        ),
        keep=timedelta(days=chosen.keep_requests_days),
        max_requests=chosen.most_requests,
        last=shared,
        seconds_to_write=0.0 if shared is None else _SECONDS_TO_WRITE,
    )
