"""From an alert to the runbooks that its responder should read.

The tiers, of which the first with a readable document answers: the alert's `runbook_url`; its name
in front matter, file name, heading or title; a link that users confirmed by feedback; a search for
its name and annotations. Otherwise nothing matches, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import islice
from typing import Protocol

from rag.access.acl import AccessFilter, access_filter
from rag.alerts.alert import Alert
from rag.alerts.claims import ClaimedBy, ClaimIndex, Target
from rag.domain.access import Principal
from rag.domain.documents import Chunk, Document
from rag.domain.search import Confidence, Explanation, Hit, Scores, SearchQuery, SearchResult
from rag.ports import DocumentReader
from rag.retrieval.freshness import freshness_of
from rag.retrieval.search import SearchEngine

_SEARCH_DEPTH = 30
_MAX_CLAIMS = 20  # of one alert: more documents than a responder would open
# Two search hits whose scores differ by less than this share are not told apart.
_AMBIGUOUS_SHARE = 0.97


class MatchedBy(StrEnum):
    """What led from an alert to its runbooks."""

    RUNBOOK_URL = "runbook_url"
    NAME = "name"
    FEEDBACK = "feedback"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class AlertMatch:
    """The runbooks of an alert, best first; `ambiguous` when several documents claim it equally.

    `claimed_by` says what in the documents refers to the alert, None where nothing does. `nearest`
    are what a search finds where nothing matches: of low confidence, and no match.
    """

    matched_by: MatchedBy | None
    hits: tuple[Hit, ...] = ()
    ambiguous: bool = False
    claimed_by: ClaimedBy | None = None
    nearest: tuple[Hit, ...] = ()


class AlertClaims(Protocol):
    """The claims of every served document, whoever may read it."""

    def index(self) -> ClaimIndex:
        """The claims of what is served now."""
        ...


class ConfirmedLinks(Protocol):
    """What users confirmed by feedback."""

    def documents_confirmed_for(self, alert_name: str) -> Sequence[str]:
        """Ids of documents that helped with this alert more often than not, best first."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """Documents that answer by one tier."""

    matched_by: MatchedBy
    claimed_by: ClaimedBy | None
    targets: Sequence[Target]


class AlertMatcher:
    """Looks alerts up over one catalog; every interface uses this one."""

    def __init__(
        self,
        engine: SearchEngine,
        claims: AlertClaims,
        documents: DocumentReader,
        confirmed: ConfirmedLinks,
        today: Callable[[], date],
        review_every: timedelta,
    ) -> None:
        self._engine = engine
        self._claims = claims
        self._documents = documents
        self._confirmed = confirmed
        self._today = today
        self._review_every = review_every

    def find(self, alert: Alert, *, principal: Principal, k: int) -> AlertMatch:
        """At most `k` hits that `principal` may read."""
        access = access_filter(principal)
        if access.nothing:
            return AlertMatch(None)
        query = SearchQuery(alert.question, principal, k=max(k, _SEARCH_DEPTH))
        searched = self._engine.search(query)
        for found in self._tiers(alert):
            if hits := self._hits(found.targets, searched.hits, access):
                documents = {hit.document.id for hit in hits}
                return AlertMatch(found.matched_by, hits[:k], len(documents) > 1, found.claimed_by)
        return _searched_match(searched, k)

    def _tiers(self, alert: Alert) -> Iterator[_Found]:
        for claim in self._claims.index().claims(alert.name, alert.runbook_url):
            by_url = claim.by is ClaimedBy.URL
            matched_by = MatchedBy.RUNBOOK_URL if by_url else MatchedBy.NAME
            yield _Found(matched_by, claim.by, claim.targets)
        if alert.name:
            confirmed = self._confirmed.documents_confirmed_for(alert.name)
            yield _Found(MatchedBy.FEEDBACK, None, [Target(identity) for identity in confirmed])

    def _hits(
        self, targets: Sequence[Target], searched: Sequence[Hit], access: AccessFilter
    ) -> tuple[Hit, ...]:
        """One hit for each readable target, in the order of the search's hits."""
        places = {hit.document.id: hit.rank for hit in reversed(searched)}
        ordered = sorted(targets, key=lambda one: places.get(one.document_id, len(places) + 1))
        found = (self._hit(one, searched, access) for one in ordered)
        hits = islice((hit for hit in found if hit is not None), _MAX_CLAIMS)
        return tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1))

    def _hit(self, target: Target, searched: Sequence[Hit], access: AccessFilter) -> Hit | None:
        """The section of a target, else its best chunk for the search, else its first."""
        if target.heading is None:
            best = next((hit for hit in searched if hit.document.id == target.document_id), None)
            if best is not None:
                return best
        read = self._documents.document(target.document_id, access=access)
        if read is None or not read[1]:
            return None
        document, chunks = read
        inside = (chunk for chunk in chunks if target.heading in chunk.section)
        return self._unscored_hit(document, next(inside, chunks[0]))

    def _unscored_hit(self, document: Document, chunk: Chunk) -> Hit:
        freshness = freshness_of(
            document.metadata, document.updated_at, self._today(), self._review_every
        )
        return Hit(
            1,
            chunk,
            document,
            0.0,
            Scores(),
            freshness,
            Explanation((), 1.0, 0.0, 1.0),
            confidence=Confidence.HIGH,  # the alert or the document names the other
        )


def _searched_match(searched: SearchResult, k: int) -> AlertMatch:
    if searched.no_result:
        return AlertMatch(None, nearest=searched.hits[:k])
    best = searched.hits[0]
    others = (hit for hit in searched.hits if hit.document.id != best.document.id)
    second = next(others, None)
    ambiguous = second is not None and second.score >= _AMBIGUOUS_SHARE * best.score
    return AlertMatch(MatchedBy.SEARCH, searched.hits[:k], ambiguous)
