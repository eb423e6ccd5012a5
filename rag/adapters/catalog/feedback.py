"""Requests and what users thought of them, in the catalog.

Feedback holds a copy of the request that it is about, and so outlives it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import feedback, requests
from rag.domain.feedback import Asked, Feedback, Judged, Opened, Score, Shown, Verdict

_COPIED = (
    "principal",
    "asked_at",
    "question",
    "prompt",
    "model",
    "shown",
    "no_result",
    "question_hash",
    "score",
    "similarity",
    "confidence",
    "opened_rank",
)
# Columns of a request that feedback does not copy.
_REQUEST_ONLY = (
    "id",
    "no_result",
    "question_hash",
    "score",
    "similarity",
    "confidence",
    "opened_rank",
)


class FeedbackStore:
    """The two tables; who may read or write what is decided above."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, asked: Sequence[Asked]) -> None:
        """Keep these requests; one that is known already keeps its newest state."""
        rows = [_request_row(one) for one in asked]
        with self._database.write() as connection:
            for row in rows:
                statement = insert(requests).values(row)
                connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["principal", "id"],
                        set_={name: statement.excluded[name] for name in _COPIED},
                    )
                )

    def request(self, request_id: str, *, principal: str | None) -> Asked | None:
        """The request of that principal, or of any when it is None: then the newest."""
        query = sa.select(requests).where(requests.c.id == request_id)
        if principal is not None:
            query = query.where(requests.c.principal == principal)
        query = query.order_by(requests.c.asked_at.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else request_of(row)

    def opened(self, opened: Sequence[Opened]) -> None:
        """Note the rank of the first document opened; a request that is gone stays gone."""
        with self._database.write() as connection:
            for one in opened:
                connection.execute(
                    requests.update()
                    .where(
                        requests.c.principal == one.principal,
                        requests.c.id == one.request_id,
                        requests.c.opened_rank.is_(None),
                    )
                    .values(opened_rank=one.rank)
                )

    def prune(self, now: datetime, *, older_than: timedelta, beyond: int) -> None:
        """Forget requests that are older, and the oldest of more than `beyond`."""
        cutoff = (now - older_than).astimezone(UTC).isoformat()
        newest = sa.select(requests.c.asked_at).order_by(requests.c.asked_at.desc())
        with self._database.write() as connection:
            first_beyond = connection.scalar(newest.offset(beyond).limit(1))
            last = max(cutoff, first_beyond) if first_beyond else cutoff
            connection.execute(requests.delete().where(requests.c.asked_at <= last))

    def judge(self, asked: Asked, verdict: Verdict, at: datetime) -> Judged:
        """Keep a verdict, in place of an earlier one on the same."""
        copied = _request_row(asked).items()
        row = {
            **{name: value for name, value in copied if name not in _REQUEST_ONLY},
            "request_id": asked.id,
            "chunk_id": verdict.chunk_id,
            "score": int(verdict.score),
            "comment": verdict.comment,
            "at": at.astimezone(UTC).isoformat(),
        }
        keys = ("principal", "request_id", "chunk_id")
        before = sa.select(feedback.c.score).where(*(feedback.c[key] == row[key] for key in keys))
        statement = insert(feedback).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=list(keys),
            set_={name: statement.excluded[name] for name in ("score", "comment", "at")},
        )
        with self._database.write() as connection:
            changed = connection.scalar(before) != row["score"]
            number = connection.execute(statement.returning(feedback.c.id)).scalar_one()
        return Judged(int(number), changed)

    def list(self, *, score: Score | None = None) -> list[Feedback]:
        """All feedback, newest first; for administrators."""
        query = sa.select(feedback).order_by(feedback.c.at.desc(), feedback.c.id.desc())
        if score is not None:
            query = query.where(feedback.c.score == int(score))
        with self._database.read() as connection:
            return [_feedback(row) for row in connection.execute(query).mappings()]

    def documents_confirmed_for(self, alert_name: str) -> Sequence[str]:
        """Ids of documents that helped with this alert more often than not, best first.

        A verdict counts for the chunk that it is about, else for the first that was shown, where
        the question contains the alert's name as a whole.
        """
        query = sa.select(
            feedback.c.question, feedback.c.score, feedback.c.chunk_id, feedback.c.shown
        ).where(sa.func.instr(feedback.c.question, alert_name) > 0)
        votes: Counter[str] = Counter()
        with self._database.read() as connection:
            for question, score, chunk_id, shown in connection.execute(query):
                if alert_name in question.replace(":", " ").replace(",", " ").split():
                    votes[_judged_document(json.loads(shown), chunk_id)] += score
        return [document for document, score in votes.most_common() if document and score > 0]

    def get(self, number: int) -> Feedback | None:
        query = sa.select(feedback).where(feedback.c.id == number)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _feedback(row)


def _judged_document(shown: Sequence[Sequence[str]], chunk_id: str) -> str:
    """The document that a verdict is about, empty where nothing was shown."""
    about = (one for one in shown if not chunk_id or one[0] == chunk_id)
    return next((one[1] for one in about), "")


def _request_row(asked: Asked) -> dict[str, Any]:
    shown = [[one.chunk_id, one.document_id, one.source, one.path] for one in asked.shown]
    return {
        "id": asked.id,
        "principal": asked.principal,
        "asked_at": asked.at.astimezone(UTC).isoformat(),
        "question": asked.question,
        "prompt": asked.prompt,
        "model": asked.model,
        "shown": json.dumps(shown, ensure_ascii=False),
        "no_result": asked.no_result,
        "question_hash": asked.question_hash,
        "score": asked.score,
        "similarity": asked.similarity,
        "confidence": asked.confidence,
        "opened_rank": asked.opened_rank,
    }


def request_of(row: sa.RowMapping) -> Asked:
    """The request in a row of `requests`."""
    return replace(
        _asked(row, row["id"]),
        question_hash=row["question_hash"],
        score=row["score"],
        similarity=row["similarity"],
        confidence=row["confidence"],
        opened_rank=row["opened_rank"],
    )


def _asked(row: sa.RowMapping, request_id: str) -> Asked:
    return Asked(
        id=request_id,
        principal=row["principal"],
        at=datetime.fromisoformat(row["asked_at"]),
        question=row["question"],
        shown=tuple(Shown(*one) for one in json.loads(row["shown"])),
        prompt=row["prompt"],
        model=row["model"],
        no_result=bool(row.get("no_result")),
    )


def _feedback(row: sa.RowMapping) -> Feedback:
    return Feedback(
        id=row["id"],
        at=datetime.fromisoformat(row["at"]),
        asked=_asked(row, row["request_id"]),
        verdict=Verdict(Score(row["score"]), row["comment"], row["chunk_id"]),
    )
