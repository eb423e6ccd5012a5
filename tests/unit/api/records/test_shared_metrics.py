"""Metrics of several processes as one: here of two that count one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from api.records.metrics import Metrics
from api.records.shared_metrics import SharedValues
from rag.domain.answers import Usage
from rag.domain.index import IndexSummary
from rag.domain.search import Mode
from rag.errors import StoreError
from rag.ports import ModelCall


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # restored at the end
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    yield tmp_path
    values.close_all_multiprocess_files()  # type: ignore[no-untyped-call] # the library's


def no_summary() -> IndexSummary:
    raise StoreError("no catalog")


def rendered(metrics: Metrics) -> dict[str, float]:
    text = metrics.render(no_summary).decode()
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def count(metrics: Metrics) -> None:
    metrics.answered("/v1/search", 200, 0.1)
    metrics.searched(Mode.HYBRID, 0.02, no_result=True, stages=())
    metrics.reading_failed("timeout")
    metrics.document_served(timedelta(seconds=3))


def test_every_process_shows_the_sum_of_all(folder: Path) -> None:
    first = Metrics(SharedValues(folder, "a"))
    count(first)
    second = Metrics(SharedValues(folder, "b"))
    count(second)
    assert rendered(first) == rendered(second)
    assert (
        rendered(first)["runbook_request_count_total[('route', '/v1/search'), ('status', '2xx')]"]
        == 2
    )
    assert second.query_counts().searches == second.query_counts().without_result == 2
    assert first.reading_failures() == {"timeout": 2}


def test_one_process_shows_what_it_would_show_alone(folder: Path) -> None:
    alone = Metrics()
    count(alone)
    shared = Metrics(SharedValues(folder, "a"))
    count(shared)
    more = dict(rendered(shared).items() - rendered(alone).items())
    assert rendered(alone).items() <= rendered(shared).items()
    # The library leaves out the sum of a histogram of negative values, but not here.
    assert set(more) == {"runbook_user_feedback_score_sum[]"}


def test_a_process_that_is_restarted_goes_on_counting(folder: Path) -> None:
    count(Metrics(SharedValues(folder, "a")))
    files = set(folder.iterdir())
    again = Metrics(SharedValues(folder, "a"))
    count(again)
    assert again.query_counts().searches == 2
    assert set(folder.iterdir()) == files


def test_the_error_rate_of_models_is_that_of_the_worst_process(folder: Path) -> None:
    first, second = Metrics(SharedValues(folder, "a")), Metrics(SharedValues(folder, "b"))
    for metrics, failed in ((first, True), (second, False)):
        metrics.model_called(ModelCall("m", 0.0, 0.1, Usage(1, 1), failed))
    assert rendered(second)["runbook_llm_error_rate[]"] == 1


def test_no_file_grows_while_it_is_mapped(folder: Path) -> None:
    """A process that writes to a mapped file beyond what a full disk holds is killed."""
    count(Metrics(SharedValues(folder, "a")))
    for path in folder.iterdir():
        assert path.stat().st_blocks * 512 >= path.stat().st_size == 1024 * 1024
