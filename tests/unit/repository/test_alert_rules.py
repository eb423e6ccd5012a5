"""The alerting rules: each says what is wrong and what to do.

tests/integration/api/test_monitoring.py checks that the metrics that they read exist.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.promql import alert_rules


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
