"""From an alert to the runbooks that its responder should read.

Its runbook's address is believed first, then its name in the pages' `alerts`, then a search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from rag.access.acl import AccessFilter, access_filter
from rag.domain.access import Principal
from rag.domain.documents import Chunk, Document
from rag.domain.search import Explanation, Hit, Scores, SearchQuery
from rag.retrieval.freshness import freshness_of
from rag.retrieval.runbook_urls import bare, path_in
from rag.retrieval.search import SearchEngine

_LOOKED_AT = 30
_MAX_QUESTION = 1000
# Labels that say where or how bad, and nothing of what is wrong.
_SILENT_LABELS = frozenset({"alertname", "severity", "instance", "pod", "prometheus", "endpoint"})


class MatchedBy(StrEnum):
    """What led from an alert to its runbooks."""

    RUNBOOK_URL = "runbook_url"
    NAME = "name"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Alert:
    """What an alert says of itself: its name, its labels, and what its rule's author wrote."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    runbook_url: str = ""

    @property
    def question(self) -> str:
        """The alert as a question to the search engine."""
        values = [value for key, value in self.labels.items() if key not in _SILENT_LABELS]
        return " ".join(part for part in (self.name, self.summary, *values) if part)[:_MAX_QUESTION]


@dataclass(frozen=True, slots=True)
class AlertMatch:
    """The runbooks of an alert, best first; `ambiguous` when several pages claim it."""

    matched_by: MatchedBy | None
    hits: tuple[Hit, ...] = ()
    ambiguous: bool = False


class AlertDocuments(Protocol):
    """The catalog as an alert is looked up in it, under the second check of access."""

    def documents_for_alert(self, name: str, *, access: AccessFilter) -> list[Document]: ...

    def documents_at(self, url: str, path: str, *, access: AccessFilter) -> list[Document]: ...

    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None: ...


class RunbooksForAlert:
    """Looks alerts up over one catalog."""

    def __init__(
        self,
        engine: SearchEngine,
        pages: AlertDocuments,
        today: Callable[[], date],
        review_every: timedelta,
    ) -> None:
        self._engine = engine
        self._pages = pages
        self._today = today
        self._review_every = review_every

    def find(self, alert: Alert, *, principal: Principal, k: int) -> AlertMatch:
        """At most `k` passages that `principal` may read."""
        access = access_filter(principal)
        found = self._engine.search(SearchQuery(alert.question, principal, k=max(k, _LOOKED_AT)))
        for matched_by, documents in self._claims(alert, access):
            hits = self._hits_in(documents, found.hits, access)[:k]
            if hits:
                return AlertMatch(matched_by, hits, ambiguous=len(documents) > 1)
        if found.no_result:
            return AlertMatch(None)
        return AlertMatch(MatchedBy.SEARCH, found.hits[:k])

    def _claims(
        self, alert: Alert, access: AccessFilter
    ) -> list[tuple[MatchedBy, Sequence[Document]]]:
        at = self._at(bare(alert.runbook_url), access) if alert.runbook_url else ()
        named = self._pages.documents_for_alert(alert.name, access=access) if alert.name else ()
        return [(MatchedBy.RUNBOOK_URL, at), (MatchedBy.NAME, named)]

    def _at(self, url: str, access: AccessFilter) -> Sequence[Document]:
        """The documents with exactly that link, else those that share most of its path."""
        documents = self._pages.documents_at(url, f"/{path_in(url)}", access=access)
        linked = [one for one in documents if bare(one.metadata.url or "") == url]
        longest = max((len(one.path) for one in documents), default=0)
        return linked or [one for one in documents if len(one.path) == longest]

    def _hits_in(
        self, documents: Sequence[Document], found: Sequence[Hit], access: AccessFilter
    ) -> tuple[Hit, ...]:
        """The best passage of each document: what the search found there, else its beginning."""
        best: dict[str, Hit] = {}
        for hit in found:
            best.setdefault(hit.document.id, hit)
        wanted = {document.id for document in documents}
        hits = [hit for identity, hit in best.items() if identity in wanted]
        for identity in sorted(wanted - best.keys()):
            hits += self._beginning(identity, access)
        return tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1))

    def _beginning(self, identity: str, access: AccessFilter) -> list[Hit]:
        read = self._pages.document(identity, access=access)
        if read is None or not read[1]:
            return []
        document, chunks = read
        freshness = freshness_of(
            document.metadata, document.updated_at, self._today(), self._review_every
        )
        explanation = Explanation((), 1.0, 0.0, 1.0)
        return [Hit(1, chunks[0], document, 0.0, Scores(), freshness, explanation)]
