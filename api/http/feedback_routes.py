"""POST /v1/feedback: what a user thinks of an answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.http.authentication import Asking, Searcher
from api.http.dependencies import InjectedServices
from api.wire.fields import Name, storable
from rag.domain.feedback import Score, Verdict

_MAX_COMMENT = 2000

Comment = Annotated[str, Field(max_length=_MAX_COMMENT), AfterValidator(storable)]


class FeedbackRequest(BaseModel):
    """`request_id` is that of the answer; `chunk_id` one of its passages, null for the whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request_id: Name
    score: Score
    comment: Comment | None = None
    chunk_id: Name | None = None


class FeedbackAnswer(BaseModel):
    id: int
    request_id: str


def add_feedback_routes(router: APIRouter) -> None:
    router.add_api_route(
        "/feedback", feedback, methods=["POST"], response_model=FeedbackAnswer, status_code=201
    )


def feedback(
    body: FeedbackRequest, services: InjectedServices, principal: Searcher, by: Asking
) -> dict[str, int | str]:
    """Say whether an answer helped; a second word on the same takes the place of the first."""
    verdict = Verdict(body.score, body.comment or "", body.chunk_id or "")
    judged = services.requests.judge(body.request_id, principal, verdict)
    if judged.changed:  # said again, or only with another comment, it is one verdict
        services.metrics.judged(body.score)
    services.audit.acted(by, "feedback")
    return {"id": judged.id, "request_id": body.request_id}
