"""Bad requests and failures inside: problems in words, which tell nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from api.http.app import create_app
from rag.adapters.catalog.document_features import DocumentFeatures
from rag.domain.search import SearchQuery
from rag.errors import IndexMissing, RunbookError, StoreError
from rag.retrieval.search import SearchEngine
from tests.engine import assessor_over
from tests.fakes import HashingEmbedder
from tests.http_bench import (
    MAX_BODY,
    TODAY,
    Bench,
    Caller,
    assert_problem,
)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.query"),
        ({"query": ""}, "body.query"),
        ({"query": "zebra" * 30}, "body.query"),
        ({"query": 7}, "body.query"),
        ({"query": None}, "body.query"),
        ({"query": "zebra", "k": 0}, "body.k"),
        ({"query": "zebra", "k": 101}, "body.k"),
        ({"query": "zebra", "k": "3"}, "body.k"),
        ({"query": "zebra", "k": True}, "body.k"),
        ({"query": "zebra", "k": 2.5}, "body.k"),
        ({"query": "zebra", "mode": "magic"}, "body.mode"),
        ({"query": "zebra", "principal": "root"}, "body.principal"),
        ({"query": "zebra", "filters": {"kind": "zebra"}}, "body.filters.kind"),
        ({"query": "zebra", "filters": {"acl": "x"}}, "body.filters.acl"),
        ({"query": "zebra", "filters": {"service": ""}}, "body.filters.service"),
        ({"query": "zebra", "filters": {"source": "z" * 201}}, "body.filters.source"),
        ({"query": "zebra", "filters": {"since": "zebra"}}, "body.filters.since"),
        ({"query": "zebra", "filters": {"since": 1700000000}}, "body.filters.since"),
        ({"query": "zebra", "filters": {"since": "2026-02-30"}}, "body.filters.since"),
        (["zebra"], "body"),
    ],
)
def test_a_bad_field_is_named_and_its_value_not_repeated(
    bench: Bench, body: Any, field: str
) -> None:
    answer = bench.client.post("/v1/search", json=body, headers=bench.caller().headers)
    errors = assert_problem(answer, 422, "invalid-request")["errors"]
    assert [error["field"] for error in errors] == [field]
    assert errors[0]["reason"]
    assert "zebra" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"{", 400),
        (b'{"query": "q",}', 400),
        (b'{"query": "zebra \xff"}', 400),
        (b'{"query": "zebra \\ud800"}', 422),
        (b'{"zebra\\ud800": 1, "query": "q"}', 422),
        (b"[" * 4000, 400),
        (b'{"query": "q", "k": ' + b"9" * 4000 + b"}", 422),
        (b'{"query": "q", "k": NaN}', 422),
    ],
)
def test_a_hostile_body_is_a_clients_error(bench: Bench, body: bytes, status: int) -> None:
    headers = {**bench.caller().headers, "Content-Type": "application/json"}
    answer = bench.client.post("/v1/search", content=body, headers=headers)
    assert_problem(answer, status, "invalid-request" if status == 422 else "malformed-request")


@pytest.mark.parametrize("path", ["/v1/search", "/v1/ask"])
def test_null_is_as_good_as_left_out(stocked: Bench, path: str) -> None:
    caller = stocked.caller()
    unset = ("k", "filters", "mode", "explain" if path.endswith("search") else "stream")
    body = {"query": "certificate", **dict.fromkeys(unset)}
    response = caller.client.post(path, json=body, headers=caller.headers)
    assert response.status_code == 200, response.text
    described = stocked.client.get("/openapi.json").json()["components"]["schemas"]
    schema = described["SearchRequest" if path.endswith("search") else "AskRequest"]
    assert schema["required"] == ["query"]
    assert schema["properties"]["k"]["anyOf"] == [
        {"type": "integer", "minimum": 1, "maximum": 100},
        {"type": "null"},
    ]
    for field in unset:
        assert {"type": "null"} in schema["properties"][field]["anyOf"], field


def test_a_body_that_is_not_json_by_its_type_is_not_read_as_json(bench: Bench) -> None:
    headers = {**bench.caller().headers, "Content-Type": "text/plain"}
    answer = bench.client.post("/v1/search", content=b'{"query": "zebra"}', headers=headers)
    assert_problem(answer, 422, "invalid-request")


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 201},
        {"cursor": "zebra"},
        {"cursor": "é"},
        {"cursor": "A" * 9000},
        {"kind": "zebra"},
        {"servcie": "zebra"},
    ],
)
def test_a_bad_parameter_is_named(bench: Bench, params: dict[str, str | int]) -> None:
    answer = bench.caller().get("/v1/documents", **params)
    [error] = assert_problem(answer, 422, "invalid-request")["errors"]
    assert error["field"] == f"query.{next(iter(params))}"
    assert "zebra" not in answer.text


def test_a_question_with_odd_characters_is_only_a_question(stocked: Bench) -> None:
    for query in ('"', "* OR NEAR(", "\x00", "certificate\x00'; DROP TABLE", "💥" * 50, "   "):
        assert stocked.caller().search(query).status_code == 200


def test_unknown_routes_and_methods_are_problems_too(bench: Bench) -> None:
    for path in ("/nope", "/v1/nope", "/v1/documents/", "/docs"):
        assert_problem(bench.client.get(path), 404, "not-found")
    answer = bench.client.get("/v1/search")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


def test_a_body_too_large_is_refused_by_its_header_and_by_its_bytes(bench: Bench) -> None:
    headers = {**bench.caller().headers, "Content-Type": "application/json"}
    body = b'{"query": "' + b"a" * MAX_BODY + b'"}'

    def stream() -> Iterator[bytes]:
        yield from (body[start : start + 1000] for start in range(0, len(body), 1000))

    for content in (body, stream()):
        answer = bench.client.post("/v1/search", content=content, headers=headers)
        assert_problem(answer, 413, "body-too-large")
    fits = json.dumps({"query": "a"}).encode().ljust(MAX_BODY)
    assert bench.client.post("/v1/search", content=fits, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("failure", "status", "name"),
    [
        (IndexMissing("run `runbook ingest` first"), 503, "index-unavailable"),
        (StoreError("/var/secret/catalog.db is malformed"), 503, "index-unavailable"),
        (RunbookError("zebra"), 500, "internal"),
        (ValueError("zebra in the text of a document"), 500, "internal"),
    ],
)
def test_a_failure_inside_is_a_problem_that_tells_nothing(
    bench: Bench, failure: Exception, status: int, name: str
) -> None:
    class BrokenEngine(SearchEngine):
        def search(self, query: SearchQuery) -> Any:
            raise failure

    broken = BrokenEngine(
        [],
        [],
        DocumentFeatures(bench.database),
        bench.services.reader,
        bench.services.metrics,
        lambda: TODAY,
        assessor_over(bench.database, HashingEmbedder()),
    )
    app = create_app(replace(bench.services, engine=broken))
    caller = Caller(TestClient(app), bench.key())
    with structlog.testing.capture_logs() as logged:
        answer = caller.search("zebra")
    assert_problem(answer, status, name)
    assert str(failure) not in answer.text
    assert [entry for entry in logged if entry["log_level"] == "error"]
    assert answer.headers["x-content-type-options"] == "nosniff"
