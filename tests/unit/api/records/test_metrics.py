"""Metrics: the names of the contract, bounded labels, and no import of a web framework."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from api.records.metrics import CONTENT_TYPE, Metrics
from evals.running.history import PastRun, append_run, last_run
from rag.domain.documents import FreshnessStatus
from rag.domain.index import IndexSummary
from rag.domain.jobs import JobState
from rag.domain.search import Mode
from rag.errors import StoreError
from rag.ports import SearchObserver, Stage
from tests.eval_cases import case, run_of

SUMMARY = IndexSummary(
    generation=1,
    documents=7,
    chunks=40,
    quarantined=2,
    last_success=datetime(2026, 1, 2, tzinfo=UTC),
    freshness={FreshnessStatus.FRESH: 4, FreshnessStatus.STALE: 3},
)


def samples(
    metrics: Metrics, summary: IndexSummary = SUMMARY, last_eval: PastRun | None = None
) -> dict[tuple[str, ...], float]:
    text = metrics.render(lambda: summary, last_eval).decode()
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_searches_are_counted_and_timed_by_mode() -> None:
    metrics = Metrics()
    observer: SearchObserver = metrics
    observer.searched(Mode.HYBRID, 0.004, no_result=False, stages=[])
    observer.searched(Mode.LEXICAL, 0.02, no_result=True, stages=[Stage("dense", 0.0, 0.01)])
    observer.refused(2)
    found = samples(metrics)
    name = "runbook_retrieval_latency_seconds"
    assert found[(f"{name}_count", "mode=hybrid")] == 1
    assert found[(f"{name}_bucket", "le=0.0025", "mode=hybrid")] == 0
    assert found[(f"{name}_bucket", "le=0.005", "mode=hybrid")] == 1
    assert found[(f"{name}_count", "mode=dense")] == 0
    assert found[("runbook_retrieval_no_result_count_total",)] == 1
    assert found[("runbook_acl_denied_total",)] == 2
    assert found[("runbook_retrieval_stage_seconds_count", "stage=dense")] == 1


def test_requests_are_counted_by_route_and_class_of_status() -> None:
    metrics = Metrics()
    for status in (200, 201, 404, 503):
        metrics.answered("/v1/search", status, 0.02)
    found = samples(metrics)
    by_class = [
        found[("runbook_request_count_total", "route=/v1/search", f"status={group}")]
        for group in ("2xx", "4xx", "5xx")
    ]
    assert by_class == [2, 1, 1]


def test_requests_are_timed_by_route_and_refusals_for_their_rate_are_counted() -> None:
    metrics = Metrics()
    metrics.answered("/v1/search", 200, 0.02)
    metrics.answered("/v1/search", 429, 0.001)
    metrics.answered("/v1/ask", 403, 3.0)
    found = samples(metrics)
    name = "runbook_request_latency_seconds"
    assert found[(f"{name}_count", "route=/v1/search")] == 2
    assert found[(f"{name}_bucket", "le=0.01", "route=/v1/search")] == 1
    assert found[(f"{name}_bucket", "le=5.0", "route=/v1/ask")] == 1
    assert found[("runbook_rate_limited_total",)] == 1


def test_jobs_are_counted_in_every_state() -> None:
    found = samples(Metrics(), replace(SUMMARY, jobs={JobState.QUEUED: 3, JobState.FAILED: 1}))
    assert [found[("runbook_jobs", f"state={state}")] for state in JobState] == [3, 0, 0, 1, 0]


def test_the_index_is_read_when_it_is_asked_for() -> None:
    metrics = Metrics()
    empty = IndexSummary(generation=0, documents=0, chunks=0, quarantined=0, last_success=None)
    before, after = samples(metrics, empty), samples(metrics)
    assert before[("runbook_index_documents",)] == 0
    assert before[("runbook_index_last_success_timestamp_seconds",)] == 0
    assert after[("runbook_index_documents",)] == 7
    assert after[("runbook_index_chunks",)] == 40
    assert after[("runbook_quarantined_documents",)] == 2
    assert after[("runbook_index_last_success_timestamp_seconds",)] == 1767312000
    freshness = [after[("runbook_document_freshness", f"status={s}")] for s in FreshnessStatus]
    assert freshness == [4, 0, 3, 0]


def test_a_broken_catalog_leaves_out_the_index_and_nothing_else() -> None:
    def broken() -> IndexSummary:
        raise StoreError("disk image is malformed")

    text = Metrics().render(broken).decode()
    assert "runbook_acl_denied_total 0.0" in text
    assert "runbook_index_documents" not in text


def test_two_sets_of_metrics_stand_apart() -> None:
    one, other = Metrics(), Metrics()
    one.refused(5)
    assert samples(other)[("runbook_acl_denied_total",)] == 0


def test_the_content_type_is_prometheus_text() -> None:
    assert CONTENT_TYPE.startswith("text/plain; version=")


def test_metrics_do_without_a_web_framework() -> None:
    script = (
        "import sys, api.records.metrics\n"
        "sys.exit(bool({'fastapi', 'starlette'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_last_eval_run_is_reported_by_the_names_of_its_scores_alone(tmp_path: Path) -> None:
    assert last_run(tmp_path) is None
    assert not [name for name, *_ in samples(Metrics()) if name.startswith("runbook_eval")]
    for made_at, rate in (("2026-11-23T10:00:00+00:00", 1.0), ("2026-11-24T10:00:00+00:00", 0.5)):
        cases = [
            case("q1", "secret.md", scores={"pass_rate": 1.0, "ndcg@10": rate}),
            case("q2", "secret.md", scores={"pass_rate": 2 * rate - 1}),
        ]
        append_run(tmp_path, replace(run_of(*cases), made_at=made_at), passed=rate == 1.0)
    with (tmp_path / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"suite": "cut o')
    found = samples(Metrics(), last_eval=last_run(tmp_path))
    assert {
        labels: value for labels, value in found.items() if labels[0].startswith("runbook_eval")
    } == {
        ("runbook_eval_pass_rate",): 0.5,
        ("runbook_eval_gate_passed",): 0,
        ("runbook_eval_last_run_timestamp_seconds",): datetime(
            2026, 11, 24, 10, tzinfo=UTC
        ).timestamp(),
        ("runbook_eval_score", "metric=ndcg@10"): 0.5,
    }
    result = Metrics().render(lambda: SUMMARY, last_run(tmp_path)).decode()
    assert "secret" not in result
    assert "q1" not in result


def test_files_that_cannot_be_read_are_counted_by_reason() -> None:
    metrics = Metrics()
    assert metrics.reading_failures() == {}
    for reason in ("time", "time", "memory"):
        metrics.reading_failed(reason)
    assert metrics.reading_failures() == {"time": 2, "memory": 1}
    assert samples(metrics)["runbook_reading_failures_total", "reason=time"] == 2
