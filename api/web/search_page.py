"""`/` and `/search`: one box, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response

from api.compose.services import Services
from api.http.authentication import Asking, Searcher
from api.records.audit import By
from api.web.matching import words_of
from api.web.page_route import SignedInPage
from api.web.results import FoundDocument, fold
from api.web.site import site_of
from rag.access.acl import access_filter
from rag.domain.documents import FreshnessStatus, Kind
from rag.domain.search import MAX_K, Filters, Hit, SearchQuery

_SHOWN_HITS = 10
# What narrows hits after the search looks at this many of them.
_NARROWED_HITS = MAX_K
_MAX_VALUE = 200


@dataclass(frozen=True, slots=True)
class SearchForm:
    """The fields of the search form as the address has them; what is malformed narrows nothing."""

    q: str = ""
    service: str = ""
    kind: str = ""
    source: str = ""
    severity: str = ""
    freshness: str = ""
    since: str = ""

    @property
    def filters(self) -> Filters:
        """What the search itself is restricted to."""
        return Filters(
            service=self.service or None,
            kind=Kind(self.kind) if self.kind else None,
            since=date.fromisoformat(self.since) if self.since else None,
            source=self.source or None,
        )

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are set, by name."""
        names = ("service", "kind", "source", "severity", "freshness", "since")
        return {name: value for name in names if (value := getattr(self, name))}

    @property
    def narrows_hits(self) -> bool:
        """Whether hits are narrowed by something that the search does not know."""
        return bool(self.severity or self.freshness)

    def keeps(self, hit: Hit) -> bool:
        """Whether a hit has the severity and freshness that were chosen."""
        about = hit.document.metadata
        return (not self.severity or self.severity in about.severity) and (
            not self.freshness or hit.freshness.status.value == self.freshness
        )


def search_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/", search, methods=["GET"])
    router.add_api_route("/search", search, methods=["GET"])
    return router


def search(request: Request, principal: Searcher, by: Asking) -> Response:
    """The whole page, or for htmx the results alone."""
    site = site_of(request)
    form = _form_of(request)
    too_long = len(form.q) > site.services.settings.server.max_query_chars
    typing = request.headers.get("hx-request") == "true"
    searched = bool(form.q.strip()) and not too_long
    found = _found(site.services, form, by, remember=not typing) if searched else None
    return site.page(
        request,
        "results.html" if typing else "search.html",
        form=form,
        found=found,
        too_long=too_long,
        most_chars=site.services.settings.server.max_query_chars,
        facets=site.facets.of(access_filter(principal)),
        freshness_values=[status.value for status in FreshnessStatus],
        typing=typing,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; `no_result` says that it is only the nearest there is."""

    documents: list[FoundDocument]
    no_result: bool
    took_ms: float


def _found(services: Services, form: SearchForm, by: By, *, remember: bool) -> Found:
    """Search, and record it. What is still being typed is no question to be remembered."""
    k = _NARROWED_HITS if form.narrows_hits else _SHOWN_HITS
    result = services.engine.search(SearchQuery(form.q, by.principal, k, form.filters))
    hits = [hit for hit in result.hits if form.keeps(hit)][:_SHOWN_HITS]
    services.audit.searched(by, form.q, hits)
    if remember:
        services.requests.remember(
            by.request_id, by.principal, form.q, hits, no_result=result.no_result
        )
    return Found(fold(hits, words_of(form.q)), result.no_result, result.took_ms)


def _form_of(request: Request) -> SearchForm:
    given = {name: value.replace("\0", "") for name, value in request.query_params.items()}
    return SearchForm(
        q=given.get("q", ""),
        service=given.get("service", "")[:_MAX_VALUE],
        kind=_one_of(given.get("kind", ""), Kind),
        source=given.get("source", "")[:_MAX_VALUE],
        severity=given.get("severity", "")[:_MAX_VALUE],
        freshness=_one_of(given.get("freshness", ""), FreshnessStatus),
        since=_calendar_date(given.get("since", "")),
    )


def _one_of(raw: str, values: type[Kind | FreshnessStatus]) -> str:
    return raw if raw in {value.value for value in values} else ""


def _calendar_date(raw: str) -> str:
    try:
        return date.fromisoformat(raw).isoformat()
    except ValueError:
        return ""
