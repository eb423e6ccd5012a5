"""Matches alert rules with runbooks: alerts and runbooks without a match, and dead links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from rag.alerts.claims import Claim, ClaimedBy, ClaimIndex, DocumentNames
from rag.alerts.runbook_urls import path_in
from rag.domain.documents import Document, Kind


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert as a rule file defines it; `line` counts from 1."""

    name: str
    file: str
    line: int
    runbook_url: str | None = None


class MatchedBy(StrEnum):
    """How an alert was matched to its runbook."""

    RUNBOOK_URL = "runbook_url"
    ALERTS = "alerts"
    NAME = "name"


_WAYS = {ClaimedBy.URL: MatchedBy.RUNBOOK_URL, ClaimedBy.FRONT_MATTER: MatchedBy.ALERTS}


@dataclass(frozen=True, slots=True)
class Match:
    """An alert with its runbooks, by the strongest kind of match."""

    rule: AlertRule
    by: MatchedBy
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Orphan:
    """A runbook that lists an alert which no rule file defines."""

    document: Document
    alert: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The report. `dead_links` are rules whose `runbook_url` should lead to an indexed document and
    does not; the links of `elsewhere` lead out of the configured sources and were not checked.
    """

    matches: tuple[Match, ...]
    without_runbook: tuple[AlertRule, ...]
    without_alert: tuple[Orphan, ...]
    dead_links: tuple[AlertRule, ...]
    elsewhere: tuple[AlertRule, ...]


def coverage(
    rules: Sequence[AlertRule],
    documents: Sequence[Document],
    names: Iterable[DocumentNames],
    url_prefixes: Sequence[str],
    suffixes: frozenset[str],
) -> Coverage:
    """Compare rules with documents by the same claims that answer alerts.

    `names` are those of the documents. Postmortems do not count as runbooks. A link should lead to
    an indexed document if it starts with one of `url_prefixes` or names a file with one of
    `suffixes`.
    """
    runbooks = {one.id: one for one in documents if one.metadata.kind is not Kind.POSTMORTEM}
    index = ClaimIndex(one for one in names if one.document_id in runbooks)
    matched = {rule: _match(rule, index, runbooks) for rule in dict.fromkeys(rules)}
    linked = [rule for rule in matched if rule.runbook_url and not _leads_to_any(rule, index)]
    ours = [rule for rule in linked if _is_ours(rule.runbook_url or "", url_prefixes, suffixes)]
    defined = {rule.name for rule in rules}
    return Coverage(
        matches=tuple(match for match in matched.values() if match is not None),
        without_runbook=tuple(rule for rule, match in matched.items() if match is None),
        without_alert=tuple(
            Orphan(document, alert)
            for document in runbooks.values()
            for alert in document.metadata.alerts
            if alert not in defined
        ),
        dead_links=tuple(ours),
        elsewhere=tuple(rule for rule in linked if rule not in ours),
    )


def _match(rule: AlertRule, index: ClaimIndex, runbooks: Mapping[str, Document]) -> Match | None:
    claim: Claim | None = next(index.claims(rule.name, rule.runbook_url or ""), None)
    if claim is None:
        return None
    found = dict.fromkeys(target.document_id for target in claim.targets)
    return Match(rule, _WAYS.get(claim.by, MatchedBy.NAME), tuple(runbooks[one] for one in found))


def _leads_to_any(rule: AlertRule, index: ClaimIndex) -> bool:
    return next(iter(index.at(rule.runbook_url or "")), None) is not None


def _is_ours(url: str, prefixes: Sequence[str], suffixes: frozenset[str]) -> bool:
    if "{{" in url:  # a template of Prometheus
        return False
    path = PurePosixPath(path_in(url))
    return url.startswith(tuple(prefixes)) or path.suffix.lower() in suffixes
