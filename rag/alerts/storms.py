"""Many alerts as few groups: one for each runbook that answers them.

Alerts whose runbook is known by link, name or feedback are grouped by that document. A search may
be wrong, so what it found is grouped by document and alert name. Alerts without a runbook are
grouped by service, else name, and by time: half an hour without a new one starts another group.
The groups depend on the set of alerts alone, not on the order or the pieces in which they came.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rag.access.acl import access_filter
from rag.alerts.alert import Alert, AlertStatus
from rag.alerts.matching import AlertMatch, AlertMatcher, MatchedBy
from rag.alerts.runbook_commands import Quoted, read_only_checks
from rag.domain.access import Principal
from rag.domain.search import Hit
from rag.ports import DocumentReader

# Each costs a search; alerts of one rule share one. Beyond it groups are left without a runbook.
MAX_SEARCHES = 100
_TIME_GAP = timedelta(minutes=30)
_NUMBERS = re.compile(r"[0-9]+")
_NO_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PlacedAlert:
    """An alert with what it is grouped by: `base` is the group's key before time is looked at."""

    alert: Alert
    base: str
    by_time: bool


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts that one runbook answers, or that belong together without one, by their start."""

    key: str
    alerts: tuple[Alert, ...]
    match: AlertMatch
    first_check: Quoted | None = None

    @property
    def first(self) -> Alert:
        return self.alerts[0]

    @property
    def firing(self) -> int:
        """How many of them still fire."""
        return sum(1 for one in self.alerts if one.status is AlertStatus.FIRING)

    @property
    def problems(self) -> int:
        """How many differ in more than the labels that name one replica."""
        return len({one.fingerprint for one in self.alerts})

    @property
    def names(self) -> Mapping[str, int]:
        """Alerts by name, the most frequent first."""
        return dict(Counter(one.name for one in self.alerts).most_common())

    @property
    def services(self) -> Mapping[str, int]:
        """Alerts by service, the most frequent first."""
        return dict(Counter(one.service for one in self.alerts if one.service).most_common())

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """When the first and the last of them started."""
        times = [one.starts_at for one in self.alerts if one.starts_at]
        return (min(times), max(times)) if times else (None, None)


@dataclass(frozen=True, slots=True)
class Placement:
    """Alerts with their places, and the match of each base key; `unsearched` had no search left."""

    placed: tuple[PlacedAlert, ...]
    matches: Mapping[str, AlertMatch]
    unsearched: int


class AlertPlacer:
    """Finds each alert's runbook, once for all alerts of a rule, and the group's first check."""

    def __init__(self, matcher: AlertMatcher, documents: DocumentReader) -> None:
        self._matcher = matcher
        self._documents = documents

    def place(self, alerts: Sequence[Alert], *, principal: Principal, k: int) -> Placement:
        """The place of each alert; its runbooks are those that `principal` may read."""
        found: dict[tuple[str, ...], AlertMatch] = {}
        matches: dict[str, AlertMatch] = {}
        placed: list[PlacedAlert] = []
        unsearched = 0
        for alert in alerts:
            key = _match_key(alert)
            if key not in found and len(found) < MAX_SEARCHES:
                found[key] = self._matcher.find(alert, principal=principal, k=k)
            match = found.get(key)
            unsearched += match is None
            one = _placed(alert, match or AlertMatch(None))
            placed.append(one)
            matches.setdefault(one.base, match or AlertMatch(None))
        return Placement(tuple(placed), matches, unsearched)

    def first_check(self, match: AlertMatch, principal: Principal) -> Quoted | None:
        """The first read-only command of the best runbook, of the matched section if it has one."""
        if not match.hits:
            return None
        hit = match.hits[0]
        inside = next(read_only_checks(hit.document, [hit.chunk]), None)
        if inside is not None:
            return inside
        read = self._documents.document(hit.document.id, access=access_filter(principal))
        return next(read_only_checks(*read), None) if read else None


def in_groups(placed: Sequence[PlacedAlert]) -> Iterator[tuple[str, str, tuple[Alert, ...]]]:
    """Key, base and alerts of each group, the one with the earliest alert first."""
    by_base: dict[str, list[PlacedAlert]] = {}
    for one in sorted(placed, key=lambda each: (_start(each.alert), each.alert.identity)):
        by_base.setdefault(one.base, []).append(one)
    for base, members in by_base.items():
        if not members[0].by_time:
            yield base, base, tuple(one.alert for one in members)
            continue
        for number, part in enumerate(_split_by_time(members), start=1):
            key = base if number == 1 else f"{base}#{number}"
            yield key, base, tuple(one.alert for one in part)


def _split_by_time(members: Sequence[PlacedAlert]) -> Iterator[Sequence[PlacedAlert]]:
    start = 0
    for index in range(1, len(members)):
        before, after = members[index - 1].alert.starts_at, members[index].alert.starts_at
        if before and after and after - before > _TIME_GAP:
            yield members[start:index]
            start = index
    yield members[start:]


def _start(alert: Alert) -> datetime:
    return alert.starts_at or _NO_TIME


def _match_key(alert: Alert) -> tuple[str, ...]:
    """Alerts with the same key have the same runbook."""
    if alert.name:
        return (alert.name, alert.runbook_url)
    return ("", alert.runbook_url, _NUMBERS.sub("0", alert.summary))


def _placed(alert: Alert, match: AlertMatch) -> PlacedAlert:
    if match.hits and match.matched_by is MatchedBy.SEARCH:
        return PlacedAlert(alert, f"search:{match.hits[0].document.id}:{alert.name}", False)
    if match.hits:
        return PlacedAlert(alert, f"runbook:{_document_of(match.hits)}", False)
    return PlacedAlert(alert, f"none:{alert.service or alert.name}", True)


def _document_of(hits: Sequence[Hit]) -> str:
    """One document for every order in which copies of it were found."""
    return min(hit.document.id for hit in hits)
