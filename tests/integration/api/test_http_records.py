"""What is written down of requests over HTTP: ids, headers, logs and metrics."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from starlette.testclient import TestClient

from api.http.app import create_app
from api.settings import SearchSection
from rag.domain.documents import Metadata
from tests.fakes import document, index_text
from tests.http_bench import (
    TODAY,
    Bench,
)


def test_a_request_keeps_its_id_if_it_is_harmless(stocked: Bench) -> None:
    caller = stocked.caller()
    given = {**caller.headers, "X-Request-ID": "deploy-7.a_B"}
    answer = stocked.client.post("/v1/search", json={"query": "certificate"}, headers=given)
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "deploy-7.a_B"


@pytest.mark.parametrize("hostile", ["", "a b", "a" * 65, "<script>", "a;b", "é".encode(), "../x"])
def test_a_hostile_request_id_is_replaced(bench: Bench, hostile: str | bytes) -> None:
    value = hostile.encode() if isinstance(hostile, str) else hostile
    answer = bench.client.get("/healthz", headers=[(b"X-Request-ID", value)])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_responses_carry_their_headers(stocked: Bench) -> None:
    caller = stocked.caller()
    answers = [
        caller.search("certificate"),
        caller.search(""),
        caller.get("/v1/documents"),
        stocked.client.get("/v1/documents"),
        stocked.client.get("/v1/nope"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)


def test_metrics_count_freshness_by_the_configured_period(bench: Bench) -> None:
    about = Metadata(title="Broker", last_reviewed=TODAY - timedelta(days=40))
    index_text(bench.index, replace(document("broker.md"), metadata=about), "restart the broker")
    settings = bench.services.settings.model_copy(
        update={"search": SearchSection(review_every_days=30)}
    )
    client = TestClient(create_app(replace(bench.services, settings=settings)))
    for asked, status in ((client, "due"), (bench.client, "fresh")):
        assert f'runbook_document_freshness{{status="{status}"}} 1.0' in asked.get("/metrics").text


def test_logs_and_metrics_hold_templates_and_no_words_of_the_caller(stocked: Bench) -> None:
    caller = stocked.caller()
    with structlog.testing.capture_logs() as logged:
        caller.search("certificate zebra")
        caller.get("/v1/documents/zebra")
        caller.get("/v1/documents", service="zebra")
        stocked.client.get("/zebra?zebra=1")
    found = [(line["method"], line["route"], line["status"]) for line in logged]
    assert found == [
        ("POST", "/v1/search", 200),
        ("GET", "/v1/documents/{document_id}", 404),
        ("GET", "/v1/documents", 200),
        ("GET", "unmatched", 404),
    ]
    key_id = caller.key.split("_")[1]
    assert [line["principal"] for line in logged] == [f"key:{key_id}"] * 3 + [None]
    assert "zebra" not in str(logged)
    assert "certificate" not in str(logged)
    metrics = stocked.client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert 'runbook_request_count_total{route="/v1/search",status="2xx"} 1.0' in metrics.text
    assert 'runbook_request_count_total{route="unmatched",status="4xx"} 1.0' in metrics.text
    assert "runbook_index_documents 3.0" in metrics.text
    for word in ("zebra", "certificate", "checkout.md", key_id, "a key", "team:"):
        assert word not in metrics.text
