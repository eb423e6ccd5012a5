"""What is made of an incident's facts: timeline, first symptom, changes, hypotheses, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rag.incidents.anomalies import Anomaly
from rag.incidents.change_points import Breaks, find_anomalies, no_breaks
from rag.incidents.changes import Suspect, changes_before
from rag.incidents.facts import Facts, InputKind, InputSummary
from rag.incidents.hypotheses import Hypothesis, clock_time, make_hypotheses
from rag.incidents.symptoms import (
    BASELINE,
    Onset,
    Symptom,
    error_rates,
    find_onset,
    find_symptoms,
    is_new,
    log_starts,
)
from rag.incidents.templates import TemplateStats
from rag.incidents.timeline import MAX_ENTRIES, Entry, make_timeline

MAX_TEMPLATES_SHOWN = 100
_KINDS = {
    InputKind.LOGS: "logs",
    InputKind.ALERTS: "alerts",
    InputKind.EVENTS: "events of the cluster",
    InputKind.DEPLOYS: "deploys and other changes",
    InputKind.METRICS: "metrics",
}


@dataclass(frozen=True, slots=True)
class RankedTemplate:
    """A template with what matters of it: whether it is new, and its count since the change."""

    stats: TemplateStats
    is_new: bool
    since_change: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that an incident's inputs say; runbooks are added by whoever may read them."""

    timeline: tuple[Entry, ...]
    symptoms: tuple[Symptom, ...]
    onset: Onset | None
    suspects: tuple[Suspect, ...]
    templates: tuple[RankedTemplate, ...]
    anomalies: tuple[Anomaly, ...]
    hypotheses: tuple[Hypothesis, ...]
    missing: tuple[str, ...]


def analyse(facts: Facts, breaks: Breaks = no_breaks) -> Analysis:
    """The analysis of an incident's facts; nothing is asked of any model.

    `breaks` finds the change points of error rates.
    """
    symptoms = find_symptoms(facts)
    onset = find_onset(symptoms)
    suspects = changes_before(facts, onset) if onset else []
    timeline = make_timeline(facts)
    return Analysis(
        timeline=tuple(timeline),
        symptoms=tuple(symptoms),
        onset=onset,
        suspects=tuple(suspects),
        templates=tuple(_ranked(facts, onset, suspects)),
        anomalies=tuple(_anomalies(facts, breaks)),
        hypotheses=tuple(make_hypotheses(facts, onset, suspects)),
        missing=tuple(_missing(facts, onset, len(timeline))),
    )


def _ranked(facts: Facts, onset: Onset | None, suspects: Sequence[Suspect]) -> list[RankedTemplate]:
    """New errors first, then other errors, then the most frequent."""
    starts = log_starts(facts)
    change = suspects[0].change.change.at if suspects else onset.first.at if onset else None
    ranked = [
        RankedTemplate(one, is_new(one, starts.get(one.source)), _since(one, change))
        for one in facts.templates
    ]
    ranked.sort(key=_importance)
    return ranked[:MAX_TEMPLATES_SHOWN]


def _importance(one: RankedTemplate) -> tuple[bool, bool, int]:
    is_error = one.stats.level.is_error or bool(one.stats.exception)
    return (not (is_error and one.is_new), not is_error, -one.stats.count)


def _since(stats: TemplateStats, change: datetime | None) -> int:
    if change is None:
        return 0
    return sum(one.count for one in stats.buckets if one.first >= change)


def _anomalies(facts: Facts, breaks: Breaks) -> Iterator[Anomaly]:
    """Anomalies of metrics, and of the error rate of each service."""
    yield from (one.anomaly for one in facts.anomalies)
    for service, points in error_rates(facts).items():
        yield from find_anomalies(points, f"errors a minute of {service}", service, breaks)


def _missing(facts: Facts, onset: Onset | None, entries: int) -> Iterator[str]:
    given = {one.kind for one in facts.inputs}
    for kind, words in _KINDS.items():
        if kind not in given:
            yield f"no {words} were added"
    for one in facts.inputs:
        yield from _not_used(one)
        if onset and one.kind is InputKind.LOGS and one.first:
            yield from _short_baseline(one.name, one.first, onset)
    if given and onset is None:
        yield "nothing in the inputs began to go wrong: there is no evidence for any hypothesis"
    if entries == MAX_ENTRIES:
        yield f"the timeline is cut at {MAX_ENTRIES} entries"


def _not_used(one: InputSummary) -> Iterator[str]:
    if one.records == 0:
        yield f"{one.name} is empty"
    if one.undated:
        yield f"{one.undated} records of {one.name} have no time and are in no timeline"
    if one.far:
        yield f"{one.far} records of {one.name} are dated far from the others"
    if one.dropped:
        yield f"{one.dropped} rare templates of {one.name} are not kept"


def _short_baseline(name: str, first: datetime, onset: Onset) -> Iterator[str]:
    if onset.first.at - first < BASELINE:
        yield (
            f"{name} begins at {clock_time(first)}, less than ten minutes before the first "
            "symptom: what was normal before is not known"
        )
