"""The time from the change of a document until it is served."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.records.audit import AuditLog, NoLines
from api.records.metrics import Metrics
from api.records.observed_changes import ObservedChanges
from rag.domain.index import IndexSummary
from tests.promql import exposed_by

ACL = frozenset({"public"})


def counted(metrics: Metrics) -> dict[str, float]:
    text = metrics.render(lambda: IndexSummary(1, 0, 0, 0, None)).decode()
    assert "runbook_index_lag_seconds_bucket" in exposed_by(text).labels
    lines = (line for line in text.splitlines() if line.startswith("runbook_index_lag_seconds_"))
    return {line.split()[0]: float(line.split()[1]) for line in lines}


@pytest.mark.parametrize(
    ("age", "after", "counts"),
    [
        (timedelta(seconds=20), ACL, 1),
        (timedelta(seconds=-5), ACL, 1),  # the clock of another machine
        (timedelta(days=30), ACL, 0),  # indexed for the first time
        (timedelta(seconds=20), None, 0),
        (None, ACL, 0),
    ],
)
def test_the_lag_of_a_new_version_is_counted(
    age: timedelta | None, after: frozenset[str] | None, counts: int
) -> None:
    metrics = Metrics()
    changes = ObservedChanges(AuditLog(NoLines()), metrics.document_served)
    updated = None if age is None else datetime.now(UTC) - age
    changes.document_changed("docs", "id", None, after, updated)
    shown = counted(metrics)
    assert shown["runbook_index_lag_seconds_count"] == counts
    if age == timedelta(seconds=20):
        assert shown['runbook_index_lag_seconds_bucket{le="10.0"}'] == 0
        assert shown['runbook_index_lag_seconds_bucket{le="30.0"}'] == counts
