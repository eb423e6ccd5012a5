"""What is kept of an incident's inputs: facts, not the inputs themselves. Secrets are redacted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from rag.alerts.alert import Alert
from rag.guardrails.redaction import redacted
from rag.incidents.anomalies import Anomaly
from rag.incidents.inputs import Change, ClusterEvent
from rag.incidents.templates import TemplateStats

MAX_TEMPLATES_KEPT = 1_000  # of one log: those with errors first, then the most frequent


class InputKind(StrEnum):
    """What a file says."""

    LOGS = "logs"
    EVENTS = "events"
    ALERTS = "alerts"
    DEPLOYS = "deploys"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class InputSummary:
    """One input: how many records it had, how many without a time, and what span they cover.

    `dropped` templates were rare and are not kept. `far` records are dated far from all others, and
    do not count for `first` and `last`.
    """

    name: str
    kind: InputKind
    records: int
    undated: int = 0
    dropped: int = 0
    first: datetime | None = None
    last: datetime | None = None
    far: int = 0


@dataclass(frozen=True, slots=True)
class SourcedChange:
    """A change, and the input that says so."""

    source: str
    change: Change


@dataclass(frozen=True, slots=True)
class SourcedEvent:
    """An event of a cluster, and the input that says so."""

    source: str
    event: ClusterEvent


@dataclass(frozen=True, slots=True)
class SourcedAlert:
    """An alert, the input that says so, and its number there, from 1."""

    source: str
    alert: Alert
    record: int


@dataclass(frozen=True, slots=True)
class SourcedAnomaly:
    """An anomaly of a metric, and the input that it was found in."""

    source: str
    anomaly: Anomaly


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known of an incident, input by input."""

    inputs: tuple[InputSummary, ...] = ()
    templates: tuple[TemplateStats, ...] = ()
    changes: tuple[SourcedChange, ...] = ()
    events: tuple[SourcedEvent, ...] = ()
    alerts: tuple[SourcedAlert, ...] = ()
    anomalies: tuple[SourcedAnomaly, ...] = ()

    def joined(self, other: Facts) -> Facts:
        """These facts and the others."""
        return Facts(
            self.inputs + other.inputs,
            self.templates + other.templates,
            self.changes + other.changes,
            self.events + other.events,
            self.alerts + other.alerts,
            self.anomalies + other.anomalies,
        )

    def without(self, name: str) -> Facts:
        """These facts without an input, which is about to be added again."""
        return Facts(
            tuple(one for one in self.inputs if one.name != name),
            tuple(one for one in self.templates if one.source != name),
            tuple(one for one in self.changes if one.source != name),
            tuple(one for one in self.events if one.source != name),
            tuple(one for one in self.alerts if one.source != name),
            tuple(one for one in self.anomalies if one.source != name),
        )


def kept_templates(found: list[TemplateStats]) -> tuple[TemplateStats, ...]:
    """The templates that are kept of a log, with secrets redacted."""
    ordered = sorted(found, key=lambda one: (not one.level.is_error, -one.count))
    return tuple(
        replace(
            one,
            template=redacted(one.template),
            example=redacted(one.example),
            exception=redacted(one.exception),
            variables=tuple(map(redacted, one.variables)),
        )
        for one in ordered[:MAX_TEMPLATES_KEPT]
    )


@lru_cache(4_000)  # records of one kind repeat their texts
def _without_secrets(text: str) -> str:
    return redacted(text)


def redacted_change(change: Change) -> Change:
    """The change with secrets redacted."""
    return replace(change, what=_without_secrets(change.what), by=_without_secrets(change.by))


def redacted_event(event: ClusterEvent) -> ClusterEvent:
    """The event with secrets redacted."""
    return replace(event, message=_without_secrets(event.message))
