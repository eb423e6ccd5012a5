"""The alerting rules: they can be read, and watch metrics that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.records.metrics import Metrics
from evals.running.history import PastRun
from rag.domain.documents import FreshnessStatus
from rag.domain.index import IndexSummary

RULES = Path(__file__).parents[3] / "deploy" / "alerts.yml"
_NAME = re.compile(r"\brunbook_\w+")


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    told = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in told["groups"] for rule in group["rules"]]


def exposed() -> set[str]:
    """Every series that a service shows, by name."""
    metrics = Metrics()
    metrics.answered("/v1/search", 200)
    summary = IndexSummary(1, 1, 1, 0, None, freshness=dict.fromkeys(FreshnessStatus, 0))
    past = PastRun("s", "d", "2026-11-24T10:00:00+00:00", True, 1, 0, 0, {"pass_rate": 1.0}, {})
    text = metrics.render(lambda: summary, past).decode()
    return {
        sample.name for family in text_string_to_metric_families(text) for sample in family.samples
    }


def test_every_rule_watches_metrics_that_there_are(rules: list[dict[str, Any]]) -> None:
    named = {name for rule in rules for name in _NAME.findall(rule["expr"])}
    assert named
    assert named <= exposed()


def test_every_rule_says_what_is_wrong_and_what_to_do(rules: list[dict[str, Any]]) -> None:
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_the_second_check_is_watched(rules: list[dict[str, Any]]) -> None:
    [watching] = [rule for rule in rules if "runbook_acl_denied_total" in rule["expr"]]
    assert watching["labels"]["severity"] == "critical"
    assert "for" not in watching
