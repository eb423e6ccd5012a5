"""The service finds the runbook of each of its own alerts by the alert's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.sources.walk import walk
from rag.alerts.alert import Alert
from rag.alerts.matching import AlertMatcher, MatchedBy
from rag.domain.access import Principal
from tests.answers import Desk
from tests.promql import ROOT, alert_rules

SAMPLE = ROOT / "runbooks" / "platform"
RULES = alert_rules()
PLATFORM = Principal("one of platform", frozenset({"team:platform"}))
PAYMENTS = Principal("one of payments", frozenset({"team:payments"}))


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlertMatcher]:
    with closing(Desk(tmp_path_factory.mktemp("catalog"))) as desk:
        for path in walk(SAMPLE, frozenset({".md"})).files:
            desk.page(path, Path(SAMPLE / path).read_text(encoding="utf-8"))
        yield desk.matcher()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_leads_to_the_runbook_that_has_a_section_for_it(
    matcher: AlertMatcher, rule: dict[str, dict[str, str] | str]
) -> None:
    annotations = rule["annotations"]
    assert isinstance(annotations, dict)
    alert = Alert(str(rule["alert"]), annotations={"summary": annotations["summary"]})
    found = matcher.find(alert, principal=PLATFORM, k=3)
    assert found.matched_by is MatchedBy.NAME
    [hit] = found.hits
    assert hit.document.path.startswith("runbook-search-")
    assert f"## {alert.name}" in (SAMPLE / hit.document.path).read_text(encoding="utf-8")


def test_the_runbooks_of_the_service_are_for_who_operates_it(matcher: AlertMatcher) -> None:
    for rule in RULES:
        found = matcher.find(Alert(rule["alert"]), principal=PAYMENTS, k=3)
        assert found.matched_by is not MatchedBy.NAME
