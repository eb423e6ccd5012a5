"""Symptoms: what began to go wrong, and when. The rules are those of docs/incidents.md.

    logs      an error template that is new, or whose rate rose beyond its baseline
    alerts    an alert that fires
    events    a warning that the cluster did not report before
    metrics   an anomaly of a series

Symptoms that begin within ten minutes of one another are a cluster. The first symptom is the
earliest one of the first cluster that has two kinds of sources, or three symptoms. A symptom that
stands alone is often something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rag.incidents.anomalies import anomalies_in
from rag.incidents.facts import Facts
from rag.incidents.templates import BUCKET_SECONDS, TemplateStats

BASELINE = timedelta(minutes=10)
CLUSTER_GAP = timedelta(minutes=10)
_MIN_KINDS = 2
_MIN_SYMPTOMS = 3
_MINUTE = timedelta(seconds=BUCKET_SECONDS)
_MAX_MINUTES = 10_000  # of a rate: a week


class SymptomKind(StrEnum):
    """Where a symptom was seen."""

    LOGS = "logs"
    ALERTS = "alerts"
    EVENTS = "events"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something that began to go wrong. `line` is its line, or its record, in `source`.

    `why` says what makes it a symptom, with the numbers.
    """

    at: datetime
    kind: SymptomKind
    source: str
    line: int | None
    service: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Onset:
    """The first symptom with its cluster; `is_weak` says that nothing else confirms it."""

    first: Symptom
    cluster: tuple[Symptom, ...]
    is_weak: bool

    @property
    def services(self) -> Mapping[str, datetime]:
        """The services of the cluster, with the time at which each began to show it."""
        found: dict[str, datetime] = {}
        for one in self.cluster:
            if one.service:
                found.setdefault(one.service, one.at)
        return found

    @property
    def kinds(self) -> frozenset[SymptomKind]:
        return frozenset(one.kind for one in self.cluster)


def find_symptoms(facts: Facts) -> list[Symptom]:
    """Every symptom, in the order of time."""
    found = [*_of_logs(facts), *_of_alerts(facts), *_of_events(facts), *_of_metrics(facts)]
    return sorted(found, key=lambda one: (one.at, one.kind, one.what))


def find_onset(symptoms: Sequence[Symptom]) -> Onset | None:
    """The first symptom; None where there is none."""
    if not symptoms:
        return None
    clusters = list(_clusters(symptoms))
    for cluster in clusters:
        kinds = {one.kind for one in cluster}
        if len(kinds) >= _MIN_KINDS or len(cluster) >= _MIN_SYMPTOMS:
            return Onset(cluster[0], tuple(cluster), is_weak=False)
    return Onset(clusters[0][0], tuple(clusters[0]), is_weak=True)


def is_new(stats: TemplateStats, log_start: datetime | None) -> bool:
    """Whether a template first occurs later than ten minutes after its log begins."""
    first = stats.first
    return first is not None and log_start is not None and first - log_start >= BASELINE


def log_starts(facts: Facts) -> Mapping[str, datetime]:
    """When each log begins, by its source."""
    return {one.name: one.first for one in facts.inputs if one.first}


def rising_since(
    stats: TemplateStats, start: datetime, end: datetime
) -> tuple[datetime, str] | None:
    """When a template's rate rose beyond its baseline, and the numbers; None if it did not."""
    anomalies = [one for one in anomalies_in(_rate(stats, start, end), stats.template) if one.rose]
    if not anomalies:
        return None
    first = anomalies[0]
    bucket = next((one for one in stats.buckets if one.first >= first.start), None)
    numbers = f"{first.value:.0f} a minute after a median of {first.median:.1f}"
    return (bucket.first if bucket else first.start), f"{numbers}, score {first.score:.1f}"


def error_rates(facts: Facts) -> Mapping[str, list[tuple[datetime, float]]]:
    """Errors a minute of each service that wrote any, from the beginning of its log to the end."""
    spans = {one.name: (one.first, one.last) for one in facts.inputs}
    rates: dict[str, dict[datetime, float]] = {}
    for stats in facts.templates:
        start, end = spans.get(stats.source, (None, None))
        if start is None or end is None or not (stats.level.is_error or stats.exception):
            continue
        rate = rates.setdefault(stats.service or stats.source, {})
        for at, count in _rate(stats, start, end):
            rate[at] = rate.get(at, 0.0) + count
    return {service: sorted(rate.items()) for service, rate in rates.items()}


def _rate(stats: TemplateStats, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """Events a minute, with the minutes that have none."""
    counts: dict[int, int] = {}
    for bucket in stats.buckets:
        key = int(bucket.first.timestamp()) // BUCKET_SECONDS
        counts[key] = counts.get(key, 0) + bucket.count
    first = int(start.timestamp()) // BUCKET_SECONDS
    minutes = min(_MAX_MINUTES, int((end - start) / _MINUTE) + 1)
    origin = start.replace(second=0, microsecond=0)
    return [(origin + _MINUTE * n, float(counts.get(first + n, 0))) for n in range(minutes)]


def _of_logs(facts: Facts) -> Iterator[Symptom]:
    spans = {one.name: (one.first, one.last) for one in facts.inputs}
    for stats in facts.templates:
        start, end = spans.get(stats.source, (None, None))
        if not (stats.level.is_error or stats.exception) or stats.first is None or start is None:
            continue
        if is_new(stats, start):
            yield _log_symptom(stats, stats.first, "new: not seen before in this log")
        elif risen := rising_since(stats, start, end or stats.first):
            yield _log_symptom(stats, risen[0], f"rose: {risen[1]}")


def _log_symptom(stats: TemplateStats, at: datetime, why: str) -> Symptom:
    line = next((one.line for one in stats.buckets if one.first >= at), stats.line)
    what = stats.exception or stats.example
    return Symptom(at, SymptomKind.LOGS, stats.source, line, stats.service, what, why)


def _of_alerts(facts: Facts) -> Iterator[Symptom]:
    first: dict[tuple[str, str], Symptom] = {}
    for one in facts.alerts:
        alert = one.alert
        if alert.starts_at is None:
            continue
        key = (alert.name, alert.service)
        if key not in first or alert.starts_at < first[key].at:
            what = " ".join(part for part in (alert.name, alert.summary) if part)
            first[key] = Symptom(
                alert.starts_at,
                SymptomKind.ALERTS,
                one.source,
                one.record,
                alert.service,
                what,
                f"fires with severity {alert.labels.get('severity', 'unknown')}",
            )
    yield from first.values()


def _of_events(facts: Facts) -> Iterator[Symptom]:
    starts = log_starts(facts)
    seen: set[tuple[str, str]] = set()
    for one in sorted(facts.events, key=lambda each: each.event.at):
        event = one.event
        key = (event.reason, event.service)
        if key in seen or not event.is_warning:
            continue
        seen.add(key)
        start = starts.get(one.source)
        if start is not None and event.at - start >= BASELINE:
            what = f"{event.reason}: {event.message}"
            why = "warning that this cluster did not report before"
            yield Symptom(
                event.at, SymptomKind.EVENTS, one.source, event.record, event.service, what, why
            )


def _of_metrics(facts: Facts) -> Iterator[Symptom]:
    for one in facts.anomalies:
        anomaly = one.anomaly
        direction = "rises" if anomaly.rose else "falls"
        yield Symptom(
            anomaly.start,
            SymptomKind.METRICS,
            one.source,
            None,
            anomaly.service,
            f"{anomaly.series} {direction}",
            f"{anomaly.method.value}: {anomaly.numbers}",
        )


def _clusters(symptoms: Sequence[Symptom]) -> Iterator[Sequence[Symptom]]:
    start = 0
    for index in range(1, len(symptoms)):
        if symptoms[index].at - symptoms[index - 1].at > CLUSTER_GAP:
            yield symptoms[start:index]
            start = index
    yield symptoms[start:]
