"""Metrics have the names and types that Prometheus' conventions ask for, and few series."""

from __future__ import annotations

import random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http.app import create_app
from tests.http_bench import Bench

# Types as Prometheus' parser reads them; a counter is parsed without its `_total`.
SIGNALS = {
    "runbook_request_count": "counter",
    "runbook_retrieval_latency_seconds": "histogram",
    "runbook_retrieval_no_result_count": "counter",
    "runbook_model_latency_seconds": "histogram",
    "runbook_tokens_in": "counter",
    "runbook_tokens_out": "counter",
    "runbook_llm_error_rate": "gauge",
    "runbook_user_feedback_score": "histogram",
    "runbook_index_documents": "gauge",
    "runbook_index_chunks": "gauge",
    "runbook_index_last_success_timestamp_seconds": "gauge",
    "runbook_document_freshness": "gauge",
    "runbook_quarantined_documents": "gauge",
    "runbook_acl_denied": "counter",
}
ALPHABET = "abcXYZ019 _-/.:?&=%#\"'{}[]()<>\\|\n\t\u00e9\u4e16\U0001f525"


def text_of(generator: random.Random, longest: int = 60) -> str:
    return "".join(generator.choices(ALPHABET, k=generator.randint(1, longest)))


def series(bench: Bench) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    families = text_string_to_metric_families(bench.client.get("/metrics").text)
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(("name", "expected"), SIGNALS.items())
def test_a_signal_has_its_name_and_type(stocked: Bench, name: str, expected: str) -> None:
    text = stocked.client.get("/metrics").text
    types = {family.name: family.type for family in text_string_to_metric_families(text)}
    assert types[name] == expected


def ask_anything(bench: Bench, generator: random.Random) -> None:
    """One request to some interface, valid or not, with random text where text can be given."""
    caller = bench.caller()
    headers = {**caller.headers, "X-Request-ID": f"r{generator.random()}"}
    query = text_of(generator)
    path = text_of(generator).replace("\n", "").replace("\t", "")
    method = generator.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "BREW"))
    chat = {"model": query, "messages": [{"role": "user", "content": query}]}
    alert = {"alerts": [{"name": query, "labels": {query: query}}]}
    choices = (
        lambda: caller.search(query, mode=generator.choice(("hybrid", "lexical", query))),
        lambda: caller.search(query, filters={"service": query, "kind": query}),
        lambda: bench.client.post("/v1/ask", json={"query": query}, headers=headers),
        lambda: bench.client.post("/v1/chat/completions", json=chat, headers=headers),
        lambda: bench.client.post("/v1/alerts", json=alert, headers=headers),
        lambda: bench.client.request(method, f"/v1/documents/{path}", headers=headers),
        lambda: bench.client.request(method, f"/{path}", headers=headers),
        lambda: bench.client.post("/v1/feedback", json={"request_id": query, "score": 1}),
    )
    generator.choice(choices)()


def test_random_requests_make_no_series_of_their_own(stocked: Bench) -> None:
    generator = random.Random(7)
    for _ in range(300):
        ask_anything(stocked, generator)
    templates = {*create_app(stocked.services).openapi()["paths"], "/", "unmatched"}
    given = [dict(labels) for _, labels in series(stocked)]
    routes = {labels["route"] for labels in given if "route" in labels}
    assert len(routes) >= 6
    assert routes <= templates
    assert {labels["status"] for labels in given if "route" in labels and "status" in labels} <= {
        "2xx",
        "3xx",
        "4xx",
        "5xx",
    }
    assert len(given) < 500
