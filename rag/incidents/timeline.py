"""The timeline of an incident: every change, alert, event, anomaly and burst of errors, in order.

What the cluster reports of every pod that starts is left out. Repetitions are folded: the same
template, alert or event is one entry until it pauses for ten minutes. Each entry names its source
and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rag.incidents.facts import Facts
from rag.incidents.symptoms import is_new, log_starts, rising_since
from rag.incidents.templates import Bucket, TemplateStats

MAX_ENTRIES = 1_000
_BURST_GAP = timedelta(minutes=10)
_MAX_BURSTS = 20  # of one template
# What the cluster reports of every pod that starts.
_ROUTINE = frozenset({"Created", "Pulled", "Pulling", "Scheduled", "Started"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `line` is the line or record in `source`, None for what no line says."""

    at: datetime
    source: str
    line: int | None
    what: str
    count: int = 1
    is_change: bool = False
    service: str = ""
    until: datetime | None = None


def make_timeline(facts: Facts) -> list[Entry]:
    """The entries in the order of time, at most MAX_ENTRIES; changes are never left out."""
    entries = [
        *_changes(facts),
        *_alerts(facts),
        *_events(facts),
        *_anomalies(facts),
        *_log_bursts(facts),
    ]
    if len(entries) > MAX_ENTRIES:
        entries.sort(key=lambda one: (not one.is_change, -one.count))
        entries = entries[:MAX_ENTRIES]
    return sorted(entries, key=lambda one: (one.at, not one.is_change, one.source, one.line or 0))


def _changes(facts: Facts) -> Iterator[Entry]:
    for one in facts.changes:
        change = one.change
        by = f" (by {change.by})" if change.by else ""
        what = f"{change.service}: {change.what}{by}" if change.service else f"{change.what}{by}"
        yield Entry(change.at, one.source, change.record, what, 1, True, change.service)


def _alerts(facts: Facts) -> Iterator[Entry]:
    by_name: dict[tuple[str, str, str], list[tuple[datetime, int]]] = {}
    for one in facts.alerts:
        if one.alert.starts_at:
            key = (one.source, one.alert.name, one.alert.service)
            by_name.setdefault(key, []).append((one.alert.starts_at, one.record))
    for (source, name, service), found in by_name.items():
        for burst in _split(sorted(found)):
            where = f" on {service}" if service else ""
            what = f"alert {name or 'without a name'}{where} fires"
            yield Entry(
                burst[0][0], source, burst[0][1], what, len(burst), False, service, burst[-1][0]
            )


def _split(found: list[tuple[datetime, int]]) -> Iterator[list[tuple[datetime, int]]]:
    start = 0
    for index in range(1, len(found)):
        if found[index][0] - found[index - 1][0] > _BURST_GAP:
            yield found[start:index]
            start = index
    yield found[start:]


def _events(facts: Facts) -> Iterator[Entry]:
    open_entries: dict[tuple[str, str, str], Entry] = {}
    for one in sorted(facts.events, key=lambda each: each.event.at):
        event = one.event
        if event.reason in _ROUTINE and not event.is_warning:
            continue
        key = (one.source, event.reason, event.service)
        before = open_entries.get(key)
        if before and event.at - (before.until or before.at) <= _BURST_GAP:
            until = max(before.until or before.at, event.last)
            open_entries[key] = Entry(
                before.at,
                before.source,
                before.line,
                before.what,
                before.count + event.count,
                False,
                before.service,
                until,
            )
            continue
        if before:
            yield before
        what = f"{event.reason}: {event.message}"
        open_entries[key] = Entry(
            event.at, one.source, event.record, what, event.count, False, event.service, event.last
        )
    yield from open_entries.values()


def _anomalies(facts: Facts) -> Iterator[Entry]:
    for one in facts.anomalies:
        found = one.anomaly
        direction = "rises" if found.rose else "falls"
        what = f"{found.series} {direction} ({found.method.value}: {found.numbers})"
        yield Entry(found.start, one.source, None, what, 1, False, found.service, found.end)


def _log_bursts(facts: Facts) -> Iterator[Entry]:
    starts = log_starts(facts)
    ends: Mapping[str, datetime] = {one.name: one.last for one in facts.inputs if one.last}
    for stats in facts.templates:
        start, end = starts.get(stats.source), ends.get(stats.source)
        if start is None or end is None or not _is_notable(stats, start, end):
            continue
        bursts = list(_bursts(stats.buckets))
        for burst in bursts[:_MAX_BURSTS]:
            yield _burst_entry(stats, burst)


def _is_notable(stats: TemplateStats, start: datetime, end: datetime) -> bool:
    """Errors always; other lines when they are new with a warning, or rise."""
    if stats.level.is_error or stats.exception:
        return True
    return stats.level == "warning" and (
        is_new(stats, start) or rising_since(stats, start, end) is not None
    )


def _bursts(buckets: tuple[Bucket, ...]) -> Iterator[tuple[Bucket, ...]]:
    start = 0
    for index in range(1, len(buckets)):
        if buckets[index].first - buckets[index - 1].first > _BURST_GAP:
            yield buckets[start:index]
            start = index
    if buckets:
        yield buckets[start:]


def _burst_entry(stats: TemplateStats, burst: tuple[Bucket, ...]) -> Entry:
    where = f"{stats.service}: " if stats.service else ""
    text = stats.exception or (stats.example if len(burst) == 1 else stats.template)
    return Entry(
        burst[0].first,
        stats.source,
        burst[0].line,
        f"{where}{text}",
        sum(one.count for one in burst),
        False,
        stats.service,
        burst[-1].first,
    )
