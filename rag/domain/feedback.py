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
    """A passage that an answer showed or stood on; the index may hold it no more."""

    chunk_id: str
    document_id: str
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered request, known by its id and its principal together: ids are the callers' own.

    `at` is aware (UTC). `question` is None where questions are not kept; `prompt` and `model` are
    None where no answer was written. `no_result` says that nothing answered: what was shown was
    the nearest there was.
    """

    id: str
    principal: str
    at: datetime
    question: str | None
    shown: tuple[Shown, ...] = ()
    prompt: str | None = None
    model: str | None = None
    no_result: bool = False


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
