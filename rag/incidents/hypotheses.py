"""Hypotheses: what may contribute to an incident, with the evidence for and against each.

The rules, which docs/incidents.md explains:

    a change      each of the three most suspicious changes before the first symptom
    an exception  the root exception that occurs most among the new errors of the first cluster
    a cluster     a warning of the cluster that says why pods stop, such as OOMKilled

Strength is `strong` where the changed service shows the first symptom within half an hour of the
change and two kinds of sources agree, `moderate` where something besides time connects them, and
else `weak`. Without a symptom there is no hypothesis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rag.incidents.changes import Suspect
from rag.incidents.facts import Facts
from rag.incidents.symptoms import Onset, Symptom, SymptomKind

_MAX_CHANGES = 3
_MAX_EVIDENCE = 5
_STRONG_LEAD = timedelta(minutes=30)
_STRONG_KINDS = 2
_STOPPING = ("OOMKill", "Evicted", "FailedScheduling", "NodeNotReady", "BackOff", "FailedMount")
_MAX_TEXT = 200


class Strength(StrEnum):
    """How well a hypothesis is supported."""

    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A line of an input, and what it says."""

    at: datetime | None
    source: str
    line: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible contributing factor. `refuted_by` is what one would see if it were wrong.

    `service` and `words` are what to look for in runbooks for a command to check it with.
    """

    claim: str
    evidence: tuple[Evidence, ...]
    against: tuple[str, ...]
    refuted_by: str
    strength: Strength
    service: str = ""
    words: str = ""


def make_hypotheses(
    facts: Facts, onset: Onset | None, suspects: Sequence[Suspect]
) -> list[Hypothesis]:
    """The hypotheses, the best supported first."""
    if onset is None:
        return []
    found = [
        *_of_changes(onset, suspects),
        *_of_exceptions(facts, onset),
        *_of_cluster(onset),
    ]
    order = list(Strength)
    return sorted(found, key=lambda one: order.index(one.strength))


def _of_changes(onset: Onset, suspects: Sequence[Suspect]) -> Iterator[Hypothesis]:
    for place, one in enumerate(suspects[:_MAX_CHANGES]):
        change = one.change.change
        name = f"{change.what} of {change.service}" if change.service else change.what
        others = [other for other in suspects if other is not one and other.lead <= one.lead]
        yield Hypothesis(
            claim=f"The change “{name}” at {clock_time(change.at)} contributed to the symptoms.",
            evidence=(
                Evidence(change.at, one.source, change.record, f"{name}, {_lead(one.lead)} before"),
                *_evidence(onset.cluster, change.service),
            ),
            against=(*one.doubts, *_other_changes(others), *_alone(onset)),
            refuted_by=(
                f"the same errors before {clock_time(change.at)}, or on instances that still run "
                "the version before"
            ),
            strength=_strength(one, onset, first=place == 0),
            service=change.service,
            words=onset.first.what,
        )


def _strength(one: Suspect, onset: Onset, *, first: bool) -> Strength:
    if onset.is_weak or not one.is_related:
        return Strength.WEAK
    agrees = len(onset.kinds) >= _STRONG_KINDS and one.lead <= _STRONG_LEAD
    return Strength.STRONG if first and agrees and not one.doubts else Strength.MODERATE


def _of_exceptions(facts: Facts, onset: Onset) -> Iterator[Hypothesis]:
    shown = {(one.source, one.what) for one in onset.cluster if one.kind is SymptomKind.LOGS}
    found = [
        one for one in facts.templates if one.exception and (one.source, one.exception) in shown
    ]
    if not found:
        return
    first = max(found, key=lambda one: one.count)
    symptom = next(one for one in onset.cluster if one.what == first.exception)
    service = first.service or first.source
    yield Hypothesis(
        claim=f"{service} fails with {first.exception[:_MAX_TEXT]}, and others fail because of it.",
        evidence=tuple(_evidence([symptom], service)),
        against=tuple(_earlier_elsewhere(onset, service)),
        refuted_by=f"requests that do not reach {service} and fail in the same way",
        strength=Strength.WEAK if onset.is_weak else Strength.MODERATE,
        service=first.service,
        words=first.exception,
    )


def _of_cluster(onset: Onset) -> Iterator[Hypothesis]:
    for symptom in onset.cluster:
        if symptom.kind is SymptomKind.EVENTS and any(one in symptom.what for one in _STOPPING):
            yield Hypothesis(
                claim=f"Pods of {symptom.service or 'a service'} stop: {symptom.what[:_MAX_TEXT]}.",
                evidence=tuple(_evidence([symptom], symptom.service)),
                against=tuple(_earlier_elsewhere(onset, symptom.service)),
                refuted_by="pods that run without a restart and fail in the same way",
                strength=Strength.WEAK if onset.is_weak else Strength.MODERATE,
                service=symptom.service,
                words=symptom.what,
            )
            return


def _evidence(symptoms: Sequence[Symptom], service: str) -> Iterator[Evidence]:
    """The first symptoms, those of the service before the others."""
    ordered = sorted(symptoms, key=lambda one: (one.service != service, one.at))
    for one in ordered[:_MAX_EVIDENCE]:
        yield Evidence(one.at, one.source, one.line, f"{one.what[:_MAX_TEXT]} ({one.why})")


def _other_changes(others: Sequence[Suspect]) -> Iterator[str]:
    if others:
        change = others[0].change.change
        yield (
            f"{change.what} of {change.service or 'an unnamed service'} is nearer to the first "
            f"symptom ({clock_time(change.at)})"
        )


def _alone(onset: Onset) -> Iterator[str]:
    if onset.is_weak:
        yield "the first symptom stands alone: no other source confirms it"


def _earlier_elsewhere(onset: Onset, service: str) -> Iterator[str]:
    first = next((one for one in onset.cluster if one.service), None)
    if first and first.service != service:
        yield f"{first.service} shows a symptom earlier, at {clock_time(first.at)}"
    yield from _alone(onset)


def clock_time(at: datetime) -> str:
    """Such as `2026-03-14 10:03:11Z`."""
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def _lead(lead: timedelta) -> str:
    seconds = int(lead.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
