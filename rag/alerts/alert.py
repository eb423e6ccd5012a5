"""An alert as a monitoring system sends it, and what identifies it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

_MAX_QUESTION_CHARS = 1000
# Labels that name one replica of what is wrong. A restart changes them and not the problem.
VOLATILE_LABELS = frozenset(
    {
        "container_id",
        "endpoint",
        "host_ip",
        "id",
        "instance",
        "pod",
        "pod_ip",
        "pod_name",
        "prometheus",
        "prometheus_replica",
        "replica",
        "uid",
    }
)
_NAME_LABELS = ("alertname", "alert_name", "rulename")
# Labels that say where or how bad, and nothing about what is wrong.
_LABELS_NOT_ASKED = VOLATILE_LABELS | {*_NAME_LABELS, "severity", "receiver"}
_SERVICE_LABELS = ("service", "app", "application", "component", "job", "namespace")
_URL_ANNOTATIONS = ("runbook_url", "runbook", "runbookUrl", "runbook_link")
_TEXT_ANNOTATIONS = ("summary", "description", "message")


class AlertStatus(StrEnum):
    """Whether the condition of an alert still holds."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `name` may be empty; `starts_at` is aware (UTC), None where it was not sent."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    status: AlertStatus = AlertStatus.FIRING
    starts_at: datetime | None = None

    @property
    def runbook_url(self) -> str:
        """The link that the rule's author wrote, empty where there is none."""
        return _first(self.annotations, _URL_ANNOTATIONS) or _first(self.labels, _URL_ANNOTATIONS)

    @property
    def summary(self) -> str:
        """The texts that the rule's author wrote, each once, joined by spaces."""
        texts = (self.annotations.get(key, "").strip() for key in _TEXT_ANNOTATIONS)
        return " ".join(dict.fromkeys(text for text in texts if text))

    @property
    def service(self) -> str:
        """The service that it is about, by the labels that commonly name one."""
        return _first(self.labels, _SERVICE_LABELS)

    @property
    def question(self) -> str:
        """The alert as a question to the search engine."""
        values = [value for key, value in self.labels.items() if key not in _LABELS_NOT_ASKED]
        words = " ".join(part for part in (self.name, self.summary, *values) if part)
        return words[:_MAX_QUESTION_CHARS]

    @property
    def identity(self) -> str:
        """Identifies this alert among all: its name and every label, hashed."""
        return _hashed(self.name, self.labels)

    @property
    def fingerprint(self) -> str:
        """Identifies the problem: as `identity`, without the labels that name one replica."""
        lasting = {k: v for k, v in self.labels.items() if k not in VOLATILE_LABELS}
        return _hashed(self.name, lasting)


def name_in(labels: Mapping[str, str]) -> str:
    """The alert's name by the labels that commonly hold it, else empty."""
    return _first(labels, _NAME_LABELS)


def _first(values: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((values[key].strip() for key in keys if values.get(key, "").strip()), "")


def _hashed(name: str, labels: Mapping[str, str]) -> str:
    text = json.dumps([name, sorted(labels.items())], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
