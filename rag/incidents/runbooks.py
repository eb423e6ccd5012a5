"""The runbooks of an incident, and what they say to look at and to avoid.

They are found from its alerts, by the matcher of alerts, and from its exceptions and new errors, by
search. Commands are quoted with their place. Whatever is returned, the principal may read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.access.acl import PUBLIC, access_filter
from rag.alerts.matching import AlertMatcher
from rag.alerts.runbook_commands import Quoted, read_only_checks, warnings_of
from rag.domain.access import Principal
from rag.domain.documents import Kind
from rag.domain.search import Filters, Hit, SearchQuery
from rag.incidents.analysis import Analysis
from rag.incidents.facts import Facts
from rag.ports import DocumentReader
from rag.retrieval.search import SearchEngine

_MAX_ALERTS = 20  # of different rules
_MAX_QUESTIONS = 3
_MAX_RUNBOOKS = 6
_MAX_CHECKS = 10
_MAX_WARNINGS = 10
_MAX_SIMILAR = 3
_MAX_QUESTION_CHARS = 500


@dataclass(frozen=True, slots=True)
class Guidance:
    """Runbooks with their read-only commands and warnings, and similar incidents of the past."""

    runbooks: tuple[Hit, ...] = ()
    checks: tuple[Quoted, ...] = ()
    avoid: tuple[Quoted, ...] = ()
    similar: tuple[Hit, ...] = ()

    def for_readers(self, acl: frozenset[str]) -> Guidance:
        """The documents that every reader of a text with this ACL may read; no quotations.

        Without tags only administrators read it, who may read everything.
        """
        return Guidance(
            runbooks=tuple(hit for hit in self.runbooks if _all_may_read(hit, acl)),
            similar=tuple(hit for hit in self.similar if _all_may_read(hit, acl)),
        )


def _all_may_read(hit: Hit, acl: frozenset[str]) -> bool:
    return PUBLIC in hit.document.acl or acl <= hit.document.acl


class RunbookFinder:
    """Finds guidance over one catalog."""

    def __init__(
        self, matcher: AlertMatcher, engine: SearchEngine, documents: DocumentReader
    ) -> None:
        self._matcher = matcher
        self._engine = engine
        self._documents = documents

    def guidance(
        self, name: str, facts: Facts, analysis: Analysis, *, principal: Principal
    ) -> Guidance:
        """What the runbooks that `principal` may read say about an incident."""
        questions = list(_questions(name, analysis))
        found: dict[str, Hit] = {}
        for hit in (*self._by_alert(facts, principal), *self._by_search(questions, principal)):
            found.setdefault(hit.document.id, hit)
        runbooks = list(found.values())[:_MAX_RUNBOOKS]
        checks: dict[str, Quoted] = {}
        avoid: dict[str, Quoted] = {}
        for hit in runbooks:
            read = self._documents.document(hit.document.id, access=access_filter(principal))
            if read is None:
                continue
            for check in read_only_checks(*read):
                checks.setdefault(check.text, check)
            for warning in warnings_of(*read):
                avoid.setdefault(warning.text, warning)
        return Guidance(
            tuple(replace(hit, rank=rank) for rank, hit in enumerate(runbooks, start=1)),
            tuple(checks.values())[:_MAX_CHECKS],
            tuple(avoid.values())[:_MAX_WARNINGS],
            self.similar(questions[0] if questions else name, principal=principal),
        )

    def similar(self, question: str, *, principal: Principal) -> tuple[Hit, ...]:
        """Notes and postmortems about something similar."""
        hits: list[Hit] = []
        for kind in (Kind.NOTE, Kind.POSTMORTEM):
            query = SearchQuery(question, principal, _MAX_SIMILAR, Filters(kind=kind))
            found = self._engine.search(query)
            hits += [] if found.no_result else found.hits
        best = {hit.document.id: hit for hit in sorted(hits, key=lambda one: one.score)}
        ordered = sorted(best.values(), key=lambda one: -one.score)[:_MAX_SIMILAR]
        return tuple(replace(hit, rank=rank) for rank, hit in enumerate(ordered, start=1))

    def _by_alert(self, facts: Facts, principal: Principal) -> Iterator[Hit]:
        rules = {(one.alert.name, one.alert.runbook_url): one.alert for one in facts.alerts}
        for alert in list(rules.values())[:_MAX_ALERTS]:
            yield from self._matcher.find(alert, principal=principal, k=2).hits

    def _by_search(self, questions: Sequence[str], principal: Principal) -> Iterator[Hit]:
        for question in questions:
            query = SearchQuery(question, principal, 3, Filters(kind=Kind.RUNBOOK))
            found = self._engine.search(query)
            yield from () if found.no_result else found.hits


def _questions(name: str, analysis: Analysis) -> Iterator[str]:
    """The incident's name, and the new errors with the service that writes them."""
    yield name
    errors = [one.stats for one in analysis.templates if one.is_new and one.stats.level.is_error]
    texts = (f"{one.service} {one.exception or one.example}" for one in errors)
    for text in list(dict.fromkeys(texts))[:_MAX_QUESTIONS]:
        yield text[:_MAX_QUESTION_CHARS]
