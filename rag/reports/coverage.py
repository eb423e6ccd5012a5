"""Matches alert rules with runbooks: alerts and runbooks without a match, and dead links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from rag.domain.documents import Document, Kind
from rag.retrieval.runbook_urls import bare, path_in
from rag.text.identifiers import identifiers_in, parts


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
    url_prefixes: Sequence[str],
    suffixes: frozenset[str],
) -> Coverage:
    """Compare rules with documents; postmortems do not count as runbooks.

    A link should lead to an indexed document if it starts with one of `url_prefixes` or names a
    file with one of `suffixes`.
    """
    index = _DocumentIndex([one for one in documents if one.metadata.kind is not Kind.POSTMORTEM])
    matched = {rule: index.match(rule) for rule in dict.fromkeys(rules)}
    linked = [rule for rule in matched if rule.runbook_url and not index.at(rule.runbook_url)]
    ours = [rule for rule in linked if _is_ours(rule.runbook_url or "", url_prefixes, suffixes)]
    defined = {rule.name for rule in rules}
    return Coverage(
        matches=tuple(match for match in matched.values() if match is not None),
        without_runbook=tuple(rule for rule, match in matched.items() if match is None),
        without_alert=tuple(
            Orphan(document, alert)
            for document in index.documents
            for alert in document.metadata.alerts
            if alert not in defined
        ),
        dead_links=tuple(ours),
        elsewhere=tuple(rule for rule in linked if rule not in ours),
    )


class _DocumentIndex:
    """Documents by everything that an alert can refer to."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents
        self._by_alert = _group_by_key(
            (alert, one) for one in documents for alert in one.metadata.alerts
        )
        self._by_path = _group_by_key((one.path, one) for one in documents)
        self._by_url = _group_by_key((bare(one.metadata.url or ""), one) for one in documents)
        self._by_name = _group_by_key((name, one) for one in documents for name in _names(one))

    def match(self, rule: AlertRule) -> Match | None:
        ways = (
            (MatchedBy.RUNBOOK_URL, self.at(rule.runbook_url) if rule.runbook_url else ()),
            (MatchedBy.ALERTS, self._by_alert.get(rule.name, ())),
            (MatchedBy.NAME, self._by_name.get(_normalized(rule.name), ())),
        )
        return next((Match(rule, by, tuple(found)) for by, found in ways if found), None)

    def at(self, url: str) -> Sequence[Document]:
        """The documents at a URL: their own `url`, or a path that ends with theirs."""
        if found := self._by_url.get(bare(url)):
            return found
        steps = PurePosixPath(path_in(url)).parts
        tails = ("/".join(steps[start:]).lstrip("/") for start in range(len(steps)))
        return next((self._by_path[tail] for tail in tails if tail in self._by_path), ())


def _group_by_key(pairs: Iterable[tuple[str, Document]]) -> Mapping[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for key, document in pairs:
        if key and document not in found.setdefault(key, []):
            found[key].append(document)
    return found


def _names(document: Document) -> list[str]:
    """The normalized file name, and the identifiers in the title."""
    stem = PurePosixPath(document.path).stem
    title = document.metadata.title
    return [_normalized(name) for name in (stem, *identifiers_in(title))]


def _normalized(name: str) -> str:
    """Maps `DiskFull`, `disk-full` and `disk_full` to the same string."""
    return " ".join(parts(name))


def _is_ours(url: str, prefixes: Sequence[str], suffixes: frozenset[str]) -> bool:
    if "{{" in url:  # a template of Prometheus
        return False
    path = PurePosixPath(path_in(url))
    return url.startswith(tuple(prefixes)) or path.suffix.lower() in suffixes
