"""`/feedback`: what a reader thinks of an answer, or of a search that found nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.http.authentication import Asking, Searcher
from api.web.forms import FormFields, PostedForm
from api.web.page_route import SignedInPage
from api.web.site import site_of
from rag.domain.feedback import Score, Verdict

_REASONS = {
    "": "",
    "wrong-document": "wrong document",
    "wrong-step": "wrong step",
    "stale": "stale",
    "missing": "missing",
}
_MAX_COMMENT = 2000
_SCORES = {"good": Score.GOOD, "bad": Score.BAD}


def feedback_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/feedback", feedback, methods=["POST"])
    return router


def feedback(request: Request, principal: Searcher, by: Asking, fields: PostedForm) -> Response:
    """Store the verdict; raises NotFound for a request that is not the caller's own."""
    site = site_of(request)
    verdict = _verdict(fields)
    judged = site.services.requests.judge(fields.get("request_id", ""), principal, verdict)
    if judged.changed:
        site.services.metrics.judged(verdict.score)
    site.services.audit.acted(by, "feedback")
    part_only = request.headers.get("hx-request") == "true"
    return site.page(request, "_thanks.html" if part_only else "thanks.html")


def _verdict(fields: FormFields) -> Verdict:
    """Raises HTTPException 422 for fields that the forms do not offer."""
    score, reason = _SCORES.get(fields.get("score", "")), _REASONS.get(fields.get("reason", ""))
    if score is None or reason is None:
        raise HTTPException(422)
    comment = fields.get("comment", "").replace("\0", "").strip()[:_MAX_COMMENT]
    return Verdict(score, ": ".join(part for part in (reason, comment) if part))
