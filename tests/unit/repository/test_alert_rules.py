"""The alerting rules: each says what is wrong and what to do.

tests/integration/api/test_monitoring.py checks that the metrics that they read exist.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.promql import ALERT_RULES, alert_rules

PROMTOOL = shutil.which("promtool")
TESTS = ALERT_RULES.with_name("alerts.test.yml")


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    return alert_rules()


def test_every_rule_says_what_is_wrong_and_what_to_do(rules: list[dict[str, Any]]) -> None:
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_the_second_check_is_watched(rules: list[dict[str, Any]]) -> None:
    [watching] = [rule for rule in rules if "runbook_acl_denied_total" in rule["expr"]]
    assert watching["labels"]["severity"] == "critical"
    assert "for" not in watching


def test_every_rule_is_tested_to_be_silent_and_to_fire(rules: list[dict[str, Any]]) -> None:
    tests = yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]
    assert [test["name"] for test in tests] == [rule["alert"] for rule in rules]
    for test in tests:
        silent, firing = test["promql_expr_test"]
        assert f'alertname="{test["name"]}"' in silent["expr"] == firing["expr"]
        assert silent["exp_samples"] == []
        assert firing["exp_samples"]
        assert all("instance=" in series["series"] for series in test["input_series"])


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_sees_every_rule_silent_and_firing() -> None:
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", TESTS.name],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
