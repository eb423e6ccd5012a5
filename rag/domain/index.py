"""What is known of the index as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from rag.domain.documents import FreshnessStatus


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that could not be indexed as it stands: where, and why. `line` counts from 1."""

    source: str
    path: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """Counts of what is being served.

    `last_failure` says why the last run failed, for administrators; None when it did not.
    """

    generation: int
    documents: int
    chunks: int
    quarantined: int
    last_success: datetime | None
    last_failure: str | None = None
    freshness: dict[FreshnessStatus, int] = field(default_factory=dict)
