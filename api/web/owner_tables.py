"""Tables for docs owners: freshness by owner, and what is read most and never."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rag.domain.documents import Document, FreshnessStatus, Kind
from rag.reports.review import Usage
from rag.retrieval.freshness import freshness_of

_MAX_SHOWN = 10


@dataclass(frozen=True, slots=True)
class OwnerFreshness:
    """How many documents of an owner, None for those without one, have each status."""

    owner: str | None
    counts: Mapping[FreshnessStatus, int]


@dataclass(frozen=True, slots=True)
class Readership:
    """Documents that searches found most often, with how often, and those that none found."""

    top: tuple[tuple[Document, int], ...]
    never: tuple[Document, ...]
    never_count: int


@dataclass(frozen=True, slots=True)
class AlertNames:
    """How many runbooks name the alerts that they answer."""

    named: int
    runbooks: int


def freshness_by_owner(
    documents: Sequence[Document], today: date, review_every: timedelta
) -> list[OwnerFreshness]:
    """The owners in order of their names, documents without an owner last."""
    counts: defaultdict[str | None, Counter[FreshnessStatus]] = defaultdict(Counter)
    for one in documents:
        status = freshness_of(one.metadata, one.updated_at, today, review_every).status
        counts[one.metadata.owner or None][status] += 1
    owners = sorted(counts, key=lambda owner: (owner is None, owner or ""))
    return [OwnerFreshness(owner, counts[owner]) for owner in owners]


def readership(documents: Sequence[Document], usage: Usage) -> Readership:
    """What the searches that are kept found, among these documents."""
    known = {one.id: one for one in documents}
    ranked = sorted(usage.answers.items(), key=lambda item: (-item[1], item[0]))
    top = [(known[one], count) for one, count in ranked if one in known]
    never = [one for one in documents if one.id not in usage.found] if usage.searches else []
    return Readership(tuple(top[:_MAX_SHOWN]), tuple(never[:_MAX_SHOWN]), len(never))


def alert_names(documents: Sequence[Document]) -> AlertNames:
    """Among the documents that are runbooks."""
    runbooks = [one for one in documents if one.metadata.kind is Kind.RUNBOOK]
    return AlertNames(sum(bool(one.metadata.alerts) for one in runbooks), len(runbooks))
