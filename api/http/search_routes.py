"""POST /v1/search."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError

from api.http.authentication import Asking, Searcher
from api.http.dependencies import InjectedServices
from api.http.models import SearchAnswer, SearchRequest
from api.wire.hits import JsonObject, answer


def add_search_routes(router: APIRouter) -> None:
    router.add_api_route(
        "/search",
        search,
        methods=["POST"],
        response_model=SearchAnswer,
        response_model_exclude_unset=True,
    )


def search(
    body: SearchRequest,
    services: InjectedServices,
    principal: Searcher,
    by: Asking,
) -> JsonObject:
    """The passages that answer a question best, among those that the caller may read."""
    check_length(body.query, services.settings.server.max_query_chars)
    result = services.engine.search(body.to_domain(principal))
    services.requests.remember(
        by.request_id, principal, body.query, result.hits, no_result=result.no_result
    )
    services.audit.searched(by, body.query, result.hits)
    return answer(result, by.request_id, explain=body.explain)


def check_length(query: str, max_chars: int) -> None:
    """Refuse a query that is too long, as a field of the body."""
    if len(query) > max_chars:
        too_long = {
            "loc": ("body", "query"),
            "msg": f"String should have at most {max_chars} characters",
        }
        raise RequestValidationError([too_long])
