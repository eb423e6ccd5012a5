"""`/owners`: what docs owners look after, among the documents that the caller may read."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.compose.services import Services
from api.http.authentication import Searcher
from api.web.page_route import SignedInPage
from api.web.site import site_of
from rag.access.acl import AccessFilter, access_filter
from rag.reports.review import Reason, Review, ReviewContext, linked_documents, review
from rag.reports.unanswered import grouped

_MAX_QUESTIONS = 20
_MAX_FEEDBACK = 20
_REASONS = {reason: reason.value.replace("_", " ") for reason in Reason}


def owner_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/owners", owners, methods=["GET"])
    return router


def owners(request: Request, principal: Searcher, owner: str = "") -> Response:
    """What is due by owner; for administrators also questions without an answer and feedback."""
    site = site_of(request)
    services, access = site.services, access_filter(principal)
    found = _review(services, access)
    unanswered = services.catalog.usage.unanswered(access=access)
    administrator = principal.administrator
    return site.page(
        request,
        "owners.html",
        review=found,
        owners=[one for one in found.owners if not owner or (one.owner or "") == owner],
        owner=owner,
        reasons=_REASONS,
        questions=grouped(unanswered.questions)[:_MAX_QUESTIONS],
        unkept=unanswered.unkept,
        quarantined=services.reader.quarantined() if administrator else None,
        feedback=services.catalog.feedback.list()[:_MAX_FEEDBACK] if administrator else None,
    )


def _review(services: Services, access: AccessFilter) -> Review:
    reader, settings = services.reader, services.settings
    documents = reader.every_document(access=access)
    links: dict[tuple[str, str], list[str]] = {}
    for source, path, text in reader.passages_holding("](", access=access):
        links.setdefault((source, path), []).append(text)
    linked = {
        one.id: linked_documents(one.source, one.path, "\n".join(texts))
        for one in documents
        if (texts := links.get((one.source, one.path)))
    }
    context = ReviewContext(
        owners=frozenset(settings.review.owners),
        services=frozenset(settings.review.services),
        review_every=settings.search.review_every,
    )
    usage = services.catalog.usage.usage(access=access)
    return review(documents, linked, usage, context, services.today())
