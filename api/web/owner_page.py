"""`/owners`: what docs owners look after, among the documents that the caller may read."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from api.compose.services import Services
from api.http.authentication import Searcher
from api.web.owner_tables import alert_names, freshness_by_owner, readership
from api.web.page_route import SignedInPage
from api.web.site import site_of
from rag.access.acl import AccessFilter, access_filter
from rag.domain.documents import Document, FreshnessStatus
from rag.reports.review import (
    Reason,
    Review,
    ReviewContext,
    Usage,
    linked_documents,
    review,
)
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
    documents = services.reader.every_document(access=access)
    usage = services.catalog.usage.usage(access=access)
    found = _review(services, documents, usage, access)
    unanswered = services.catalog.usage.unanswered(access=access)
    administrator = principal.administrator
    ids = {(one.source, one.path): one.id for one in documents}
    return site.page(
        request,
        "owners.html",
        review=found,
        owners=[one for one in found.owners if not owner or (one.owner or "") == owner],
        owner=owner,
        reasons=_REASONS,
        by_owner=freshness_by_owner(
            documents, services.today(), services.settings.search.review_every
        ),
        statuses=tuple(FreshnessStatus),
        alerts=alert_names(documents),
        read=readership(documents, usage) if administrator else None,
        questions=grouped(unanswered.questions)[:_MAX_QUESTIONS],
        unkept=unanswered.unkept,
        notes=[
            (ids[note.source, note.path], note)
            for note in services.reader.file_notes(access=access)
            if (note.source, note.path) in ids
        ],
        quarantined=services.reader.quarantined() if administrator else None,
        feedback=services.catalog.feedback.list()[:_MAX_FEEDBACK] if administrator else None,
    )


def _review(
    services: Services, documents: Sequence[Document], usage: Usage, access: AccessFilter
) -> Review:
    settings = services.settings
    links: dict[tuple[str, str], list[str]] = {}
    for source, path, text in services.reader.passages_holding("](", access=access):
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
    return review(documents, linked, usage, context, services.today())
