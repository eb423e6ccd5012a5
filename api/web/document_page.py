"""`/documents/{id}`: a document as its readers see it, and its text as it is indexed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from api.compose.services import Services
from api.compose.sites import repository_of
from api.http.authentication import Asking, Searcher
from api.records.audit import By
from api.web.document_text import render_document, source_text
from api.web.page_route import SignedInPage
from api.web.results import web_address
from api.web.site import site_of
from rag.access.acl import PUBLIC, access_filter
from rag.domain.access import Principal
from rag.domain.documents import Chunk, Document, Freshness, LineSpan
from rag.errors import NotFound
from rag.retrieval.freshness import freshness_of
from rag.retrieval.priors import superseded_paths

_LINES = re.compile(r"([1-9][0-9]{0,6})(?:-([1-9][0-9]{0,6}))?")
_MAX_RELATED = 10


@dataclass(frozen=True, slots=True)
class Related:
    """Documents that the reader may read and that concern this one.

    `supersedes` and `superseded_by` follow the front matter; `same_service` are others for one of
    its services.
    """

    supersedes: tuple[Document, ...] = ()
    superseded_by: tuple[Document, ...] = ()
    same_service: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of a document elsewhere, None where they are not known.

    `site` is the page that readers see; the others are at the host of its repository.
    """

    site: str | None = None
    edit: str | None = None
    history: str | None = None
    commit: str | None = None


def document_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/documents/{document_id}", document, methods=["GET"])
    router.add_api_route("/documents/{document_id}/raw", raw, methods=["GET"])
    return router


def document(
    document_id: str, request: Request, principal: Searcher, by: Asking, lines: str = ""
) -> Response:
    """The whole document, with the lines `lines` (`41-63`) highlighted."""
    site = site_of(request)
    found, chunks = _read(document_id, site.services, principal, by)
    cited = parse_lines(lines)
    return site.page(
        request,
        "document.html",
        document=found,
        freshness=_freshness(found, site.services),
        rendered=render_document(found, chunks, cited),
        cited=cited,
        related=_related(found, site.services, principal),
        tags=_carried_tags(found, principal),
        links=_links(found, site.services),
        reviewed=f"last_reviewed: {site.services.today().isoformat()}",
    )


def raw(document_id: str, request: Request, principal: Searcher, by: Asking) -> Response:
    """The text as it is indexed, without front matter; never interpreted by a browser."""
    site = site_of(request)
    _, chunks = _read(document_id, site.services, principal, by)
    return PlainTextResponse(source_text(chunks))


def parse_lines(raw_lines: str) -> LineSpan | None:
    """`41-63` or `41`; None for anything else."""
    found = _LINES.fullmatch(raw_lines)
    if found is None:
        return None
    first = int(found[1])
    return LineSpan(first, max(first, int(found[2] or first)))


def _read(
    identity: str, services: Services, principal: Principal, by: By
) -> tuple[Document, tuple[Chunk, ...]]:
    """The document, with its reading recorded; NotFound where it is absent or forbidden."""
    found = services.reader.document(identity, access=access_filter(principal))
    if found is None:
        raise NotFound("no such document, or not one that the caller may read")
    item, chunks = found
    services.audit.read(by, {item.id: [chunk.id for chunk in chunks]})
    services.requests.opened(principal, item.id)
    return item, chunks


def _freshness(item: Document, services: Services) -> Freshness:
    period = services.settings.search.review_every
    return freshness_of(item.metadata, item.updated_at, services.today(), period)


def _links(item: Document, services: Services) -> Links:
    source = next((one for one in services.settings.sources if one.name == item.source), None)
    repository = repository_of(source) if source else None
    url = web_address(item.metadata.url)
    if repository is None:
        return Links(url)
    return Links(
        url,
        repository.edit_url(item.path),
        repository.history_url(item.path),
        repository.commit_url(item.revision),
    )


def _related(item: Document, services: Services, principal: Principal) -> Related:
    access = access_filter(principal)
    readable = [
        other for other in services.reader.every_document(access=access) if other.id != item.id
    ]
    before = _superseded_by(item)
    after = tuple(other for other in readable if (item.source, item.path) in _superseded_by(other))
    near = [
        other
        for other in readable
        if set(other.metadata.service) & set(item.metadata.service) and other not in after
    ]
    return Related(
        supersedes=tuple(other for other in readable if (other.source, other.path) in before),
        superseded_by=after,
        same_service=tuple(near[:_MAX_RELATED]),
    )


def _superseded_by(item: Document) -> frozenset[tuple[str, str]]:
    """The source and path of each document that this one says it supersedes."""
    said = item.metadata.supersedes
    return superseded_paths(item.source, item.path, said) if said else frozenset()


def _carried_tags(item: Document, principal: Principal) -> list[str]:
    """The ACL tags of the document that the reader carries; those of others stay unknown."""
    carried = principal.groups | {PUBLIC}
    return sorted(item.acl if principal.administrator else item.acl & carried)
