"""How a Document stands against its review date."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from rag.domain.documents import Freshness, FreshnessStatus, Metadata

DEFAULT_REVIEW_EVERY = timedelta(days=180)


def freshness_of(
    metadata: Metadata,
    updated_at: datetime,
    today: date,
    default_review_every: timedelta,
) -> Freshness:
    """Fresh until its review date, due from then on, stale once a whole review period overdue.

    A document that was never reviewed is `unknown`: a commit is no review.
    """
    seen = metadata.last_reviewed or updated_at.date()
    return Freshness(
        status=status_of(
            metadata.last_reviewed, metadata.review_every, today, default_review_every
        ),
        updated_at=updated_at,
        last_reviewed=metadata.last_reviewed,
        age_days=max(0, (today - seen).days),
    )


def status_of(
    last_reviewed: date | None,
    review_every: timedelta | None,
    today: date,
    default_review_every: timedelta,
) -> FreshnessStatus:
    """How a document stands that was reviewed then and is to be reviewed so often."""
    if last_reviewed is None:
        return FreshnessStatus.UNKNOWN
    period = review_every or default_review_every
    age = today - last_reviewed
    if age <= period:
        return FreshnessStatus.FRESH
    return FreshnessStatus.DUE if age <= 2 * period else FreshnessStatus.STALE
