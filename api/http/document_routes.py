"""GET /v1/documents and GET /v1/documents/{document_id}."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError

from api.compose.services import Services
from api.http import cursor
from api.http.authentication import Asking, Searcher
from api.http.dependencies import InjectedServices
from api.http.models import DocumentAnswer, DocumentsPage, DocumentsQuery
from api.wire.hits import JsonObject, document_to_wire, document_with_chunks
from rag.access.acl import access_filter
from rag.domain.access import Principal
from rag.domain.documents import Document, Freshness
from rag.errors import NotFound
from rag.retrieval.freshness import freshness_of


def add_document_routes(router: APIRouter) -> None:
    router.add_api_route("/documents", documents, methods=["GET"], response_model=DocumentsPage)
    router.add_api_route(
        "/documents/{document_id}", document, methods=["GET"], response_model=DocumentAnswer
    )


def documents(
    query: Annotated[DocumentsQuery, Query()],
    services: InjectedServices,
    principal: Searcher,
    by: Asking,
) -> JsonObject:
    """The documents that the caller may read, by source and path, page by page."""
    found = _found(query, services, principal)
    page = found[: query.limit]
    more = len(found) > len(page)
    services.audit.read(by, {item.id: () for item in page})
    return {
        "documents": [document_to_wire(item, _freshness(item, services)) for item in page],
        "next_cursor": cursor.encode((page[-1].source, page[-1].path)) if more else None,
    }


def document(
    document_id: str, services: InjectedServices, principal: Searcher, by: Asking
) -> JsonObject:
    """One document with its chunks in order."""
    found = services.reader.document(document_id, access=access_filter(principal))
    if found is None:
        raise NotFound("no such document, or not one that the caller may read")
    item, chunks = found
    services.audit.read(by, {item.id: [chunk.id for chunk in chunks]})
    services.requests.opened(principal, item.id)
    return document_with_chunks(item, _freshness(item, services), chunks)


def _found(query: DocumentsQuery, services: Services, principal: Principal) -> list[Document]:
    """One page of documents, and one more that shows whether there is a next page."""
    return services.reader.documents(
        access=access_filter(principal),
        filters=query.to_domain(),
        limit=query.limit + 1,
        after=_after(query.cursor),
    )


def _after(given: str | None) -> tuple[str, str]:
    try:
        return cursor.START if given is None else cursor.decode(given)
    except ValueError as error:
        unknown = {"loc": ("query", "cursor"), "msg": "Use a next_cursor as it was given"}
        raise RequestValidationError([unknown]) from error


def _freshness(item: Document, services: Services) -> Freshness:
    period = services.settings.search.review_every
    return freshness_of(item.metadata, item.updated_at, services.today(), period)
