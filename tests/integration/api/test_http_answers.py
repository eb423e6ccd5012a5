"""What searches and listings over HTTP give, and that the OpenAPI document says so."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
from fastapi.openapi.models import OpenAPI

from tests.fakes import document, index_text
from tests.http_bench import (
    Bench,
    assert_problem,
    index_full,
)


def test_pages_cover_the_listing_once(bench: Bench) -> None:
    paths = [f"{number:02}-é.md" for number in range(7)]
    for path in paths:
        index_text(bench.index, document(path, ("team:payments",)), path)
        index_text(bench.index, document(f"{path}.hidden", ("team:security",)), path)
    caller, seen, cursor = bench.caller(), list[str](), ""
    while True:
        behind = {"cursor": cursor} if cursor else {}
        answer = caller.get("/v1/documents", limit=3, **behind).json()
        seen += [item["path"] for item in answer["documents"]]
        if answer["next_cursor"] is None:
            break
        cursor = answer["next_cursor"]
        assert len(answer["documents"]) == 3
    assert seen == paths


def test_a_listing_is_narrowed(bench: Bench) -> None:
    index_full(bench)
    index_text(bench.index, document("open.md", source="other"), "certificate")
    caller = bench.caller()
    assert caller.listed(kind="postmortem") == ["payments/checkout-5xx.md"]
    assert caller.listed(service="checkout-api") == ["payments/checkout-5xx.md"]
    assert caller.listed(source="other") == ["open.md"]
    assert caller.listed(source="other", kind="postmortem") == []


def test_a_hit_has_the_shape_of_the_contract(bench: Bench) -> None:
    index_full(bench)
    answer = bench.caller().search("undo rollout").json()
    [hit] = answer["hits"]
    score, scores = hit.pop("score"), hit.pop("scores")
    assert score > 0
    assert scores["dense"] > 0
    assert scores["lexical"] > 0
    assert scores["rerank"] is None
    about = document("payments/checkout-5xx.md")
    assert hit.pop("chunk_id")
    assert hit == {
        "rank": 1,
        "document": {
            "id": about.id,
            "path": "payments/checkout-5xx.md",
            "source": "s",
            "title": "Checkout 5xx",
            "kind": "postmortem",
            "service": ["checkout-api"],
            "owner": "team-payments",
            "revision": "r1",
            "url": "https://git.example/checkout-5xx.md",
        },
        "section": ["Mitigation", "Roll back"],
        "lines": [41, 63],
        "url": "https://git.example/checkout-5xx.md",
        "text": "Undo the rollout of the checkout deploy.",
        "freshness": {
            "status": "due",
            "updated_at": "2026-01-01T00:00:00Z",
            "last_reviewed": "2026-02-10",
            "age_days": 203,
        },
        "superseded_by": [],
        "siblings": [],
        "confidence": "medium",
        "commands": [
            {"line": 47, "text": "kubectl rollout undo deploy/checkout", "risk": "mutating"}
        ],
    }
    assert answer["no_result"] is False
    assert answer["took_ms"] > 0


def test_a_document_comes_with_its_chunks(bench: Bench) -> None:
    index_full(bench)
    path = f"/v1/documents/{document('payments/checkout-5xx.md').id}"
    answer = bench.caller().get(path).json()
    assert answer["document"]["title"] == "Checkout 5xx"
    assert answer["document"]["alerts"] == ["CheckoutHighErrorRate"]
    assert answer["document"]["freshness"]["status"] == "due"
    [chunk] = answer["chunks"]
    assert chunk["section"] == ["Mitigation", "Roll back"]
    assert chunk["lines"] == [41, 63]
    assert chunk["commands"][0]["risk"] == "mutating"


def test_a_search_is_narrowed_and_cut(bench: Bench) -> None:
    index_full(bench)
    index_text(bench.index, document("other.md"), "undo the rollout of something else")
    caller = bench.caller()
    assert len(caller.search("rollout", k=1).json()["hits"]) == 1
    for filters in ({"kind": "note"}, {"service": "x"}, {"since": "2026-01-02"}, {"source": "x"}):
        assert caller.search("rollout", filters=filters).json()["no_result"] is True
    found = caller.search("rollout", filters={"service": "checkout-api", "since": None}).json()
    assert [hit["document"]["path"] for hit in found["hits"]] == ["payments/checkout-5xx.md"]


def validate(api: dict[str, Any], response: Any, method: str, route: str) -> None:
    """The response against what the document says of its status."""
    responses = api["paths"][route][method]["responses"]
    status = str(response.status_code)
    content = responses.get(status, responses.get(f"{status[0]}XX"))["content"]
    schema = content[response.headers["content-type"]]["schema"]
    jsonschema.validate(response.json(), {**schema, "components": api["components"]})


def test_responses_are_what_the_openapi_document_says(bench: Bench) -> None:
    index_full(bench)
    index_text(bench.index, document("open.md"), "certificate")
    api = bench.client.get("/openapi.json").json()
    OpenAPI.model_validate(api)
    caller = bench.caller()
    one = "/v1/documents/{document_id}"
    for query in ("rollout", "certificate", ""):
        validate(api, caller.search(query), "post", "/v1/search")
    validate(api, bench.client.post("/v1/search"), "post", "/v1/search")
    validate(api, caller.get("/v1/documents", limit=1), "get", "/v1/documents")
    validate(api, caller.get("/v1/documents", limit=0), "get", "/v1/documents")
    for path in ("open.md", "payments/checkout-5xx.md", "absent.md"):
        validate(api, caller.get(f"/v1/documents/{document(path).id}"), "get", one)
    validate(api, bench.client.get("/healthz"), "get", "/healthz")
    validate(api, bench.client.get("/readyz"), "get", "/readyz")


def test_every_route_under_v1_asks_for_a_bearer_token(bench: Bench) -> None:
    api = bench.client.get("/openapi.json").json()
    [(name, scheme)] = api["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    # A hook of a code host shows its own signature instead: test_webhook_routes.py.
    hooks = {path for path in api["paths"] if path.startswith("/v1/webhooks/")}
    guarded = {path for path in api["paths"] if path.startswith("/v1/")} - hooks
    assert guarded
    assert len(hooks) == 2
    for path in guarded:
        for method, operation in api["paths"][path].items():
            assert operation["security"] == [{name: []}]
            answer = bench.client.request(method, path)
            assert_problem(answer, 401, "unauthenticated")


def test_the_json_of_a_hit_needs_no_web_framework() -> None:
    loaded = "{'fastapi', 'starlette', 'pydantic'} & set(sys.modules)"
    script = f"import sys, api.wire.hits; sys.exit(bool({loaded}))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
