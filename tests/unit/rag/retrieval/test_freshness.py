"""Freshness against a review date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rag.domain.documents import FreshnessStatus, Metadata
from rag.retrieval.freshness import DEFAULT_REVIEW_EVERY, freshness_of

TODAY = date(2026, 6, 1)
UPDATED = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days_ago", "period", "status"),
    [
        (0, 90, FreshnessStatus.FRESH),
        (90, 90, FreshnessStatus.FRESH),
        (91, 90, FreshnessStatus.DUE),
        (180, 90, FreshnessStatus.DUE),
        (181, 90, FreshnessStatus.STALE),
        (-5, 90, FreshnessStatus.FRESH),
        (100, None, FreshnessStatus.FRESH),
        (200, None, FreshnessStatus.DUE),
        (400, None, FreshnessStatus.STALE),
    ],
)
def test_status_follows_the_review_period(
    days_ago: int, period: int | None, status: FreshnessStatus
) -> None:
    about = Metadata(
        title="x",
        last_reviewed=TODAY - timedelta(days=days_ago),
        review_every=timedelta(days=period) if period else None,
    )
    found = freshness_of(about, UPDATED, TODAY, DEFAULT_REVIEW_EVERY)
    assert (found.status, found.age_days) == (status, max(0, days_ago))


def test_a_commit_is_no_review() -> None:
    found = freshness_of(Metadata(title="x"), UPDATED, TODAY, DEFAULT_REVIEW_EVERY)
    assert (found.status, found.age_days) == (FreshnessStatus.UNKNOWN, 31)
