"""Documents that an owner should review: old, orphaned, superseded or unused, worst first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from rag.domain.documents import Document, Freshness, FreshnessStatus, Kind, document_id
from rag.retrieval.freshness import DEFAULT_REVIEW_EVERY, freshness_of
from rag.retrieval.priors import superseded_paths

# With fewer recorded searches, never having been found means nothing.
MIN_SEARCHES = 50
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
_FOREIGN = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


class Reason(StrEnum):
    """Why a document should be reviewed, most urgent first."""

    STALE = "stale"
    DUE = "due"
    NEVER_REVIEWED = "never_reviewed"
    SERVICE_CHANGED = "service_changed"
    SERVICE_GONE = "service_gone"
    NO_OWNER = "no_owner"
    OWNER_GONE = "owner_gone"
    SUPERSEDED_LINKED = "superseded_linked"
    NEVER_FOUND = "never_found"


_OLD = frozenset({Reason.STALE, Reason.DUE, Reason.NEVER_REVIEWED, Reason.SERVICE_CHANGED})
_OF_STATUS = {FreshnessStatus.STALE: Reason.STALE, FreshnessStatus.DUE: Reason.DUE}


@dataclass(frozen=True, slots=True)
class Usage:
    """Recorded searches. `answers` counts by document id how often it was among the first results;
    `found` holds the ids that were in any result."""

    searches: int = 0
    since: datetime | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    found: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReviewContext:
    """Known owners and services to check against; an empty set disables its check.

    `changed` maps a service to its last change, where that is known.
    """

    owners: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    changed: Mapping[str, datetime] = field(default_factory=dict)
    review_every: timedelta = DEFAULT_REVIEW_EVERY


@dataclass(frozen=True, slots=True)
class DocumentReview:
    """A document, why it should be reviewed, and the evidence; other documents by their paths."""

    document: Document
    freshness: Freshness
    reasons: tuple[Reason, ...]
    answers: int = 0
    changed: Mapping[str, datetime] = field(default_factory=dict)
    services_gone: tuple[str, ...] = ()
    superseded_by: tuple[str, ...] = ()
    linked_from: tuple[str, ...] = ()

    @property
    def is_old(self) -> bool:
        return not _OLD.isdisjoint(self.reasons)


@dataclass(frozen=True, slots=True)
class OwnerReview:
    """The documents that one owner should review; `owner` is None for those without an owner."""

    owner: str | None
    pages: tuple[DocumentReview, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """The report. `statuses` counts all documents; `searches` is the number of recorded ones."""

    as_of: date
    owners: tuple[OwnerReview, ...]
    statuses: Mapping[FreshnessStatus, int]
    searches: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class _References:
    """References between documents, by document id."""

    successors: Mapping[str, Sequence[Document]]
    linking: Mapping[str, Sequence[Document]]


def review(
    documents: Sequence[Document],
    links: Mapping[str, frozenset[str]],
    usage: Usage,
    context: ReviewContext,
    today: date,
) -> Review:
    """All documents that should be reviewed, by owner.

    `links` maps a document id to the ids that it links to. Old documents that are often found come
    first; owners are ordered by their most urgent document.
    """
    freshness = {
        one.id: freshness_of(one.metadata, one.updated_at, today, context.review_every)
        for one in documents
    }
    references = _References(_successors(documents), _linking(documents, links))
    found = [_review_of(one, freshness[one.id], references, usage, context) for one in documents]
    listed = sorted((one for one in found if one.reasons), key=_urgency)
    owners = dict.fromkeys(one.document.metadata.owner for one in listed)
    counts = Counter(one.status for one in freshness.values())
    return Review(
        as_of=today,
        owners=tuple(
            OwnerReview(owner, tuple(one for one in listed if one.document.metadata.owner == owner))
            for owner in owners
        ),
        statuses={status: counts[status] for status in FreshnessStatus},
        searches=usage.searches,
        since=usage.since,
    )


def linked_documents(source: str, path: str, text: str) -> frozenset[str]:
    """The ids of the documents of the same source that a Markdown text links to."""
    targets = (target for target in _LINK.findall(text) if not _FOREIGN.match(target))
    places = (unquote(re.split(r"[#?]", target)[0]) for target in targets)
    return frozenset(document_id(source, _resolved(path, place)) for place in places if place)


def _resolved(path: str, place: str) -> str:
    if place.startswith("/"):
        return normpath(place.lstrip("/"))
    return normpath(join(dirname(path), place))


def _review_of(
    document: Document,
    freshness: Freshness,
    references: _References,
    usage: Usage,
    context: ReviewContext,
) -> DocumentReview:
    successors = references.successors.get(document.id, ())
    above = {one.id for one in successors}
    # A successor may link back to the document that it replaces; any other link misleads.
    linking = [one for one in references.linking.get(document.id, ()) if one.id not in above]
    linking = [one for one in linking if one.id not in references.successors]
    gone = _services_gone(document, context)
    changed = _changed(document, context)
    facts = {
        _OF_STATUS.get(freshness.status): True,
        Reason.NEVER_REVIEWED: freshness.status is FreshnessStatus.UNKNOWN
        and document.metadata.kind is not Kind.POSTMORTEM,
        Reason.SERVICE_CHANGED: bool(changed),
        Reason.SERVICE_GONE: bool(gone),
        Reason.NO_OWNER: document.metadata.owner is None,
        Reason.OWNER_GONE: _is_gone(document.metadata.owner, context.owners),
        Reason.SUPERSEDED_LINKED: bool(successors and linking),
        Reason.NEVER_FOUND: _is_never_found(document, bool(successors), usage),
    }
    return DocumentReview(
        document=document,
        freshness=freshness,
        reasons=tuple(reason for reason in Reason if facts.get(reason)),
        answers=usage.answers.get(document.id, 0),
        changed=changed,
        services_gone=gone,
        superseded_by=tuple(one.path for one in successors),
        linked_from=tuple(one.path for one in linking) if successors else (),
    )


def _services_gone(document: Document, context: ReviewContext) -> tuple[str, ...]:
    if (
        document.metadata.kind is Kind.POSTMORTEM
    ):  # history may concern services that no longer exist
        return ()
    return tuple(one for one in document.metadata.service if _is_gone(one, context.services))


def _is_gone(name: str | None, existing: frozenset[str]) -> bool:
    return name is not None and bool(existing) and name not in existing


def _changed(document: Document, context: ReviewContext) -> dict[str, datetime]:
    """The document's services that changed after the day of its last review."""
    reviewed = document.metadata.last_reviewed
    if reviewed is None or document.metadata.kind is Kind.POSTMORTEM:
        return {}
    changes = ((one, context.changed.get(one)) for one in document.metadata.service)
    return {one: at for one, at in changes if at is not None and at.date() > reviewed}


def _is_never_found(document: Document, superseded: bool, usage: Usage) -> bool:
    return (
        usage.searches >= MIN_SEARCHES
        and usage.since is not None
        and document.updated_at <= usage.since
        and not superseded
        and document.id not in usage.found
    )


def _urgency(review: DocumentReview) -> tuple[int, int, int, str, str]:
    """Sort key: old documents by how often they are found, then all by worst reason and age."""
    answers = review.answers if review.is_old else 0
    worst = list(Reason).index(review.reasons[0])
    document = review.document
    return -answers, worst, -review.freshness.age_days, document.source, document.path


def _successors(documents: Sequence[Document]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for document in documents:
        named = document.metadata.supersedes
        for source, path in superseded_paths(document.source, document.path, named or ""):
            if named is not None:
                found.setdefault(document_id(source, path), []).append(document)
    return found


def _linking(
    documents: Sequence[Document], links: Mapping[str, frozenset[str]]
) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for document, target in _links_of(documents, links):
        if target != document.id:
            found.setdefault(target, []).append(document)
    return found


def _links_of(
    documents: Iterable[Document], links: Mapping[str, frozenset[str]]
) -> Iterator[tuple[Document, str]]:
    for document in documents:
        for target in sorted(links.get(document.id, ())):
            yield document, target
