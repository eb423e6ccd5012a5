"""What a docs owner must look at: old, orphaned, superseded and unused pages, the worst first."""

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

# Under so many recorded searches it says nothing of a page that none of them found it.
FEWEST_SEARCHES = 50
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
_FOREIGN = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


class Reason(StrEnum):
    """Why a page is to be looked at, the most pressing first."""

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
    """What recorded searches showed. `answers` counts for each document id how often it stood
    among the first pages of a result, `found` holds those that stood in any."""

    searches: int = 0
    since: datetime | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    found: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What pages are held against; what is empty is not checked.

    `changed` says when each service that can be asked was last changed.
    """

    owners: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    changed: Mapping[str, datetime] = field(default_factory=dict)
    review_every: timedelta = DEFAULT_REVIEW_EVERY


@dataclass(frozen=True, slots=True)
class PageReview:
    """A page, why it is to be looked at, and what shows it. Pages are named by their paths."""

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
    """An owner's pages that are to be looked at; None owns what names no owner."""

    owner: str | None
    pages: tuple[PageReview, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """`statuses` counts every page, not only those to be looked at; `searches` were recorded."""

    as_of: date
    owners: tuple[OwnerReview, ...]
    statuses: Mapping[FreshnessStatus, int]
    searches: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class _Pages:
    """What pages say of each other, by document id."""

    successors: Mapping[str, Sequence[Document]]
    linking: Mapping[str, Sequence[Document]]


def review(
    documents: Sequence[Document],
    links: Mapping[str, frozenset[str]],
    usage: Usage,
    known: Known,
    today: date,
) -> Review:
    """Every page that is to be looked at, by owner.

    `links` are for each document id those that it links to. Pages that answer often and are old
    come first, and owners in the order of their worst page.
    """
    told = {
        one.id: freshness_of(one.metadata, one.updated_at, today, known.review_every)
        for one in documents
    }
    pages = _Pages(_successors(documents), _linking(documents, links))
    found = [_page(one, told[one.id], pages, usage, known) for one in documents]
    listed = sorted((page for page in found if page.reasons), key=_pressing)
    owners = dict.fromkeys(page.document.metadata.owner for page in listed)
    counts = Counter(freshness.status for freshness in told.values())
    return Review(
        as_of=today,
        owners=tuple(
            OwnerReview(
                owner, tuple(page for page in listed if page.document.metadata.owner == owner)
            )
            for owner in owners
        ),
        statuses={status: counts[status] for status in FreshnessStatus},
        searches=usage.searches,
        since=usage.since,
    )


def linked_documents(source: str, path: str, text: str) -> frozenset[str]:
    """The ids of the documents of its source that a page's text links to, as Markdown does."""
    targets = (target for target in _LINK.findall(text) if not _FOREIGN.match(target))
    places = (unquote(re.split(r"[#?]", target)[0]) for target in targets)
    return frozenset(document_id(source, _resolved(path, place)) for place in places if place)


def _resolved(path: str, place: str) -> str:
    if place.startswith("/"):
        return normpath(place.lstrip("/"))
    return normpath(join(dirname(path), place))


def _page(
    document: Document, freshness: Freshness, pages: _Pages, usage: Usage, known: Known
) -> PageReview:
    successors = pages.successors.get(document.id, ())
    above = {one.id for one in successors}
    # A successor may point back to what it replaced; any other page leads readers astray.
    linking = [one for one in pages.linking.get(document.id, ()) if one.id not in above]
    linking = [one for one in linking if one.id not in pages.successors]
    gone = _services_gone(document, known)
    changed = _changed(document, known)
    facts = {
        _OF_STATUS.get(freshness.status): True,
        Reason.NEVER_REVIEWED: freshness.status is FreshnessStatus.UNKNOWN
        and document.metadata.kind is not Kind.POSTMORTEM,
        Reason.SERVICE_CHANGED: bool(changed),
        Reason.SERVICE_GONE: bool(gone),
        Reason.NO_OWNER: document.metadata.owner is None,
        Reason.OWNER_GONE: _is_gone(document.metadata.owner, known.owners),
        Reason.SUPERSEDED_LINKED: bool(successors and linking),
        Reason.NEVER_FOUND: _is_never_found(document, bool(successors), usage),
    }
    return PageReview(
        document=document,
        freshness=freshness,
        reasons=tuple(reason for reason in Reason if facts.get(reason)),
        answers=usage.answers.get(document.id, 0),
        changed=changed,
        services_gone=gone,
        superseded_by=tuple(one.path for one in successors),
        linked_from=tuple(one.path for one in linking) if successors else (),
    )


def _services_gone(document: Document, known: Known) -> tuple[str, ...]:
    if document.metadata.kind is Kind.POSTMORTEM:  # history may be about what is gone
        return ()
    return tuple(one for one in document.metadata.service if _is_gone(one, known.services))


def _is_gone(name: str | None, there: frozenset[str]) -> bool:
    return name is not None and bool(there) and name not in there


def _changed(document: Document, known: Known) -> dict[str, datetime]:
    """Its services that were changed after the day of its last review."""
    reviewed = document.metadata.last_reviewed
    if reviewed is None or document.metadata.kind is Kind.POSTMORTEM:
        return {}
    changes = ((one, known.changed.get(one)) for one in document.metadata.service)
    return {one: at for one, at in changes if at is not None and at.date() > reviewed}


def _is_never_found(document: Document, superseded: bool, usage: Usage) -> bool:
    return (
        usage.searches >= FEWEST_SEARCHES
        and usage.since is not None
        and document.updated_at <= usage.since
        and not superseded
        and document.id not in usage.found
    )


def _pressing(page: PageReview) -> tuple[int, int, int, str, str]:
    """Old pages by how often they answer, then all by their gravest reason and by age."""
    asked = page.answers if page.is_old else 0
    gravest = list(Reason).index(page.reasons[0])
    document = page.document
    return -asked, gravest, -page.freshness.age_days, document.source, document.path


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
