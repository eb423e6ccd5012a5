"""The service finds the runbook of each of its own alerts by the alert's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.sources.walk import walk
from rag.domain.access import Principal
from rag.retrieval.alerts import Alert, MatchedBy, RunbooksForAlert
from tests.answers import TODAY, Desk
from tests.promql import ROOT, alert_rules

SAMPLE = ROOT / "runbooks" / "platform"
RULES = alert_rules()
PLATFORM = Principal("one of platform", frozenset({"team:platform"}))
PAYMENTS = Principal("one of payments", frozenset({"team:payments"}))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunbooksForAlert]:
    with closing(Desk(tmp_path_factory.mktemp("catalog"))) as desk:
        for path in walk(SAMPLE, frozenset({".md"})).files:
            desk.page(path, Path(SAMPLE / path).read_text(encoding="utf-8"))
        yield RunbooksForAlert(desk.engine(), desk.reader(), lambda: TODAY, timedelta(days=180))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_leads_to_the_runbook_that_has_a_section_for_it(
    book: RunbooksForAlert, rule: dict[str, dict[str, str] | str]
) -> None:
    annotations = rule["annotations"]
    assert isinstance(annotations, dict)
    alert = Alert(str(rule["alert"]), summary=annotations["summary"])
    found = book.find(alert, principal=PLATFORM, k=3)
    assert found.matched_by is MatchedBy.NAME
    [hit] = found.hits
    assert hit.document.path.startswith("runbook-search-")
    assert f"## {alert.name}" in (SAMPLE / hit.document.path).read_text(encoding="utf-8")


def test_the_runbooks_of_the_service_are_for_who_operates_it(book: RunbooksForAlert) -> None:
    for rule in RULES:
        found = book.find(Alert(rule["alert"]), principal=PAYMENTS, k=3)
        assert found.matched_by is not MatchedBy.NAME
