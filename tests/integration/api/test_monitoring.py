"""Dashboards and alert rules read metrics that a service has after requests to every interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from api.compose.indexing import run_ingest
from api.compose.services import Services
from api.compose.serving import open_serving
from api.http.app import create_app
from api.settings import load_settings
from evals.drift.history import append_report
from evals.drift.report import Comparison, DriftReport, Measure, Window
from evals.running.history import append_run
from evals.running.runs import Run
from ingest.isolation.limits import FailureKind
from ingest.runs.report import Silent
from rag.domain.documents import document_id
from tests.doors import DOORS, SLACK_SECRET, SLACK_TEAM, Asking, body_of, slack_user
from tests.eval_cases import case, run_of
from tests.hashing_cli import hashing_embedder
from tests.model_server import MODEL, Behaviour, model_server
from tests.promql import (
    DASHBOARDS,
    Exposed,
    Query,
    alert_queries,
    alert_rules,
    dashboard_queries,
    exposed_by,
)

GROUPS = frozenset({"team:a"})
DOCUMENT = """---
title: Broker restarts
service: broker
alerts: [BrokerDown]
acl: [team:a]
---
# Broker restarts

Restart the broker with `systemctl restart broker`.
"""
# The names of the public contract.
CONTRACT = (
    "runbook_request_count",
    "runbook_retrieval_latency_seconds",
    "runbook_retrieval_no_result_count",
    "runbook_model_latency_seconds",
    "runbook_tokens_in_total",
    "runbook_tokens_out_total",
    "runbook_llm_error_rate",
    "runbook_eval_pass_rate",
    "runbook_user_feedback_score",
    "runbook_index_documents",
    "runbook_index_chunks",
    "runbook_index_last_success_timestamp_seconds",
    "runbook_document_freshness",
    "runbook_quarantined_documents",
    "runbook_acl_denied_total",
)


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    return exposed_by(_metrics_after_every_interface(tmp_path_factory.mktemp("service")))


def _metrics_after_every_interface(folder: Path) -> str:
    (folder / "docs").mkdir()
    (folder / "docs" / "broker.md").write_text(DOCUMENT, encoding="utf-8")
    config = folder / "runbook.toml"
    with (
        model_server(reply="Restart the broker. [1]") as model,
        patch("api.compose.embedding.make_embedder", hashing_embedder),
    ):
        config.write_text(_configuration(model.base_url), encoding="utf-8")
        settings = load_settings(config)
        append_run(settings.evals_folder, _eval_run(), passed=True)
        run_ingest(settings, (), acl=None, prune=True, full=False, progress=Silent())
        with open_serving(settings) as services:
            before_the_start = TestClient(create_app(services))
            assert before_the_start.get("/readyz").status_code == 503
            with TestClient(create_app(services)) as client:
                asking = _asking(services, client, config)
                for door in DOORS.values():
                    door(asking)
                _rate(asking)
                model.behaviour = Behaviour.REFUSES
                DOORS["ask"](replace(asking, question="how do I restart the broker again?"))
                DOORS["ask"](replace(asking, question="the colour of the harvest moon"))
            services.metrics.reading_failed(FailureKind.TIME)
            append_report(settings.drift_folder, _drift_report())
            return client.get("/metrics").text


def _configuration(model_url: str) -> str:
    return (
        '[[sources]]\nname = "docs"\npath = "docs"\n'
        f'[slack]\nsigning_secret = "{SLACK_SECRET}"\n'
        f'[slack.groups]\n"{SLACK_TEAM}/{slack_user(GROUPS)}" = ["team:a"]\n'
        f'[ask]\nprovider = "openai"\nmodel = "{MODEL}"\nbase_url = "{model_url}"\nretries = 0\n'
    )


def _eval_run() -> Run:
    run = run_of(case("q1", "broker.md", scores={"pass_rate": 1.0, "ndcg@10": 1.0}))
    return replace(run, made_at="2026-11-24T10:00:00+00:00")


def _drift_report() -> DriftReport:
    day = date(2026, 11, 23)
    compared = (
        Comparison(measure, 40, 100, difference=0.2, p_value=0.001, drifted=True)
        for measure in Measure
    )
    window = Window(day, day, 40)
    return DriftReport("2026-11-24T03:17:00+00:00", window, window, 0.01, tuple(compared))


def _asking(services: Services, client: TestClient, config: Path) -> Asking:
    key = services.keys.create("test", GROUPS, frozenset({"search", "index"})).key
    identity = document_id("docs", "broker.md")
    question = "how do I restart the broker?"
    return Asking(client, config, key, GROUPS, question, identity, "broker", "docs", "broker.md")


def _rate(asking: Asking) -> None:
    found = body_of(DOORS["search"](asking))
    for score in (-1, 1):
        asking.post("/v1/feedback", {"request_id": found["request_id"], "score": score})


def _dashboard_queries() -> Iterator[Query]:
    for path in DASHBOARDS:
        yield from dashboard_queries(path.stem, json.loads(path.read_text(encoding="utf-8")))


def test_every_query_of_the_dashboards_reads_what_the_service_shows(exposed: Exposed) -> None:
    queries = list(_dashboard_queries())
    assert len(queries) > 50
    assert [fault for query in queries for fault in exposed.faults(query)] == []


def test_every_alert_rule_reads_what_the_service_shows(exposed: Exposed) -> None:
    queries = list(alert_queries(alert_rules()))
    assert [fault for query in queries for fault in exposed.faults(query)] == []


@pytest.mark.parametrize(
    ("expression", "legend", "fault"),
    [
        ("sum(rate(runbook_requests_total[5m]))", "", "no metric runbook_requests_total"),
        ("sum by (path) (runbook_jobs)", "", "no label path"),
        ("runbook_jobs", "{{route}}", "no label route"),
        ('runbook_jobs{status="queued"}', "", "runbook_jobs has no label status"),
        ('runbook_jobs{state="waiting"}', "", "runbook_jobs has no state=waiting"),
    ],
)
def test_a_query_of_something_else_is_found(
    exposed: Exposed, expression: str, legend: str, fault: str
) -> None:
    [found] = exposed.faults(Query("panel", expression, legend))
    assert found.startswith(f"panel: {fault}")


def test_rates_are_taken_of_counters_and_quantiles_of_buckets(exposed: Exposed) -> None:
    for query in (*_dashboard_queries(), *alert_queries(alert_rules())):
        for function in ("rate(", "increase("):
            for rest in query.expression.split(function)[1:]:
                name = rest.split("[")[0].split("{")[0]
                assert exposed.types[name] in ("counter", "histogram"), query
        if "histogram_quantile" in query.expression:
            assert "le" in query.grouped_labels, query
            assert all(name.endswith("_bucket") for name in query.metrics), query


def test_every_metric_of_the_contract_is_in_a_dashboard(exposed: Exposed) -> None:
    shown = {name for query in _dashboard_queries() for name in query.metrics}
    for name in CONTRACT:
        series = {f"{name}{suffix}" for suffix in ("", "_total", "_bucket", "_count", "_sum")}
        assert series & set(exposed.labels), name
        assert series & shown, name
