"""What was asked and shown, and what users thought of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from rag.domain.search import Hit


class Score(IntEnum):
    """A user's verdict."""

    BAD = -1
    GOOD = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A chunk that an answer showed or was made from; the index may no longer contain it."""

    chunk_id: str
    document_id: str
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered request, known by its id and its principal together: ids are the callers' own.

    `at` is aware (UTC). `question` is None where questions are not kept, and `question_hash` where
    they are not hashed; `prompt` and `model` are None where no answer was written. `no_result` says
    that none of the hits answers the question. `score` is that of the first hit, `similarity` the
    largest cosine of the question and a hit, `confidence` the probability that the first hit's
    document answers; all are None without a hit. `opened_rank` is the rank, from 1, of the first
    document of the request that its principal opened afterwards.
    """

    id: str
    principal: str
    at: datetime
    question: str | None
    shown: tuple[Shown, ...] = ()
    prompt: str | None = None
    model: str | None = None
    no_result: bool = False
    question_hash: str | None = None
    score: float | None = None
    similarity: float | None = None
    confidence: float | None = None
    opened_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that a principal opened from the hits of its request; `rank` counts from 1."""

    principal: str
    request_id: str
    rank: int


@dataclass(frozen=True, slots=True)
class PrincipalRequests:
    """What the query log holds of one principal; times are aware (UTC)."""

    principal: str
    requests: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a user says of a request, or of one passage of it; `chunk_id` is empty for the whole."""

    score: Score
    comment: str = ""
    chunk_id: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict's number, and whether its score is another than what was kept before, if any."""

    id: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict that was stored, with the request that it is about. `at` is aware (UTC)."""

    id: int
    at: datetime
    asked: Asked
    verdict: Verdict


def shown_in(hits: Sequence[Hit]) -> tuple[Shown, ...]:
    """The passages of hits, in their order."""
    return tuple(
        Shown(hit.chunk.id, hit.document.id, hit.document.source, hit.document.path) for hit in hits
    )


def draft_case(feedback: Feedback, question: str) -> dict[str, Any]:
    """An eval case for the owner of the suite to finish.

    What a bad answer should have shown is for a person to say: until then the suite refuses to
    load. A good one showed it: then the passage that was praised, or the first, names the gold
    document.
    """
    shown = feedback.asked.shown
    praised = [one for one in shown if one.chunk_id == feedback.verdict.chunk_id] or shown[:1]
    good = feedback.verdict.score is Score.GOOD
    return {
        "id": f"feedback-{feedback.id}",
        "question": question,
        "kind": "symptom",
        "gold_documents": [one.path for one in praised] if good else [],
        "gold_passages": [],
        "reference": "",
        "personas": [],
        "must_pass": False,
        "draft": True,
        "notes": {
            "score": int(feedback.verdict.score),
            "comment": feedback.verdict.comment,
            "shown": list(dict.fromkeys(one.path for one in shown)),
            "prompt": feedback.asked.prompt,
            "model": feedback.asked.model,
        },
    }
