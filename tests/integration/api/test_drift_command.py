"""`runbook drift` over the query log of a service, and what its metrics and page show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from api.cli.main import cli
from api.web.drift_plots import points_of
from rag.domain.feedback import Asked
from tests.corpus import PAGES
from tests.hashing_cli import hashing_embedder
from tests.serving import Served, service_over
from tests.web_browser import Browser

# Every word stands in a document, but for zyzzyva.
QUESTIONS = ("roll back the checkout deploy", "rotate the gateway certificate", "undo the deploy")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service_over(tmp_path_factory.mktemp("drift"), PAGES) as made:
        (made.services.settings.directory / "runbook.toml").touch()
        made.services.catalog.feedback.remember(list(_log()))
        yield made


def _log() -> Iterator[Asked]:
    """Four weeks until yesterday; in the last one everybody asks about something undocumented."""
    today = datetime.now(UTC).replace(hour=9)
    for back in range(28, 0, -1):
        for number in range(12):
            question = QUESTIONS[number % 3] if back > 7 else "quetzal zyzzyva private"
            yield Asked(
                id=f"{back}-{number}",
                principal=f"key:{number}",
                at=today - timedelta(days=back),
                question=question,
                no_result=number == 0,
                score=1.0 + number / 10,
            )


def drift(service: Served, *arguments: str) -> Result:
    config = service.services.settings.directory / "runbook.toml"
    with patch("api.compose.embedding.make_embedder", hashing_embedder):
        return CliRunner().invoke(cli, ["--config", str(config), "drift", *arguments])


def measured(service: Served, *arguments: str) -> dict[str, Any]:
    done = drift(service, "--json", *arguments)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def gauges(service: Served) -> dict[tuple[str, str], float]:
    text = service.client.get("/metrics").text
    return {
        (sample.name, sample.labels.get("measure", sample.labels.get("window", ""))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("runbook_query_drift")
    }


def test_drift_is_reported_measured_and_kept_without_a_question(service: Served) -> None:
    assert gauges(service) == {}
    found = measured(service)
    assert set(found["drifted"]) == {"questions", "unknown_words"}
    shown = gauges(service)
    assert shown["runbook_query_drift_detected", "questions"] == 1
    assert shown["runbook_query_drift_detected", "no_result"] == 0
    assert shown["runbook_query_drift_requests", "recent"] == 84
    assert ("runbook_query_drift_detected", "negative_feedback") not in shown
    when = datetime.fromtimestamp(shown["runbook_query_drift_last_run_timestamp_seconds", ""], UTC)
    assert datetime.now(UTC) - when < timedelta(minutes=10)
    assert "examples" not in found
    for path in _files(service.services.settings.drift_folder):
        assert "zyzzyva" not in path.read_text(encoding="utf-8")


def test_examples_are_shown_only_when_they_are_asked_for(service: Served) -> None:
    assert measured(service, "--examples", "1")["examples"] == ["quetzal zyzzyva private"]
    plain = drift(service, "--examples", "1").stdout
    assert "DRIFT  the subjects of questions" in plain
    assert "quetzal zyzzyva private" in plain
    assert "zyzzyva" not in drift(service).stdout


def test_windows_longer_than_the_log_are_pointed_out(service: Served) -> None:
    done = drift(service, "--reference-days", "60", "--json")
    assert "feedback.keep_requests_days to 67" in done.stderr
    assert json.loads(done.stdout)["reference"]["requests"] == 252


def test_the_operators_page_plots_each_day_without_a_question(service: Served) -> None:
    measured(service)
    browser = Browser(service.client)
    browser.sign_in(service.key("team:payments", rights=("search", "admin")))
    page = browser.get("/operations").text
    assert (
        page.count("<polyline") == 4
    )  # the log has no feedback, similarity, confidence or opened document
    assert "not compared: fewer than 30 values" in page
    assert 'class="badge fresh-stale">drift' in page
    assert "zyzzyva" not in page


def test_days_are_placed_by_their_date_and_scaled_by_their_values() -> None:
    daily = {date(2026, 5, 1): 2.0, date(2026, 5, 3): 4.0, date(2026, 5, 5): 3.0}
    assert points_of(daily, date(2026, 5, 1), date(2026, 5, 5)) == "0.0,40.0 100.0,0.0 200.0,20.0"
    assert points_of({}, date(2026, 5, 1), date(2026, 5, 5)) == ""
    level = {date(2026, 5, 1): 1.0, date(2026, 5, 2): 1.0}
    assert points_of(level, date(2026, 5, 1), date(2026, 5, 2)) == "0.0,40.0 200.0,40.0"


def _files(folder: Path) -> Sequence[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert found
    return found
