"""Alerts from the JSON that monitoring systems send.

Read are Alertmanager's webhook (version 4), Grafana's unified alerting webhook, which has the same
shape, and a generic form: `{"alerts": [{"name", "labels", "annotations", "starts_at", "status"}]}`.
What else a payload holds is not looked at. Long texts are cut, as a webhook's sender cannot mend
them, and secrets are redacted; what has the wrong type is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from rag.alerts.alert import Alert, AlertStatus, name_in
from rag.errors import InvalidPayload
from rag.guardrails.redaction import redacted
from rag.text.json_values import json_object

MAX_ALERTS = 5_000
MAX_LABELS = 128
MAX_NAME_CHARS = 200
MAX_VALUE_CHARS = 4_000
_TEXTS_CACHED = 2_000
_VERSION = "4"
_NEVER = "0001-01-01"  # how Go writes a time that is not set


def parse_alerts(payload: object) -> list[Alert]:
    """The alerts of a payload, at most 5,000. Raises InvalidPayload, which names the field."""
    body = json_object(payload, "")
    version = body.get("version")
    if version is not None and str(version) not in (_VERSION, "1"):  # Grafana's is "1"
        raise InvalidPayload("version", "must be 4, the version that is read")
    alerts = body.get("alerts")
    if not isinstance(alerts, list):
        raise InvalidPayload("alerts", "must be a list of alerts")
    if len(alerts) > MAX_ALERTS:
        raise InvalidPayload("alerts", f"has more than {MAX_ALERTS} alerts: send them in parts")
    common = _common_annotations(body)
    return [_alert(item, f"alerts.{index}", common) for index, item in enumerate(alerts)]


def _common_annotations(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Grafana writes what all alerts share only here in some versions."""
    common = body.get("commonAnnotations")
    return _texts(common, "commonAnnotations") if common is not None else {}


def _alert(item: object, field: str, common: Mapping[str, str]) -> Alert:
    raw = json_object(item, field)
    labels = _texts(raw.get("labels"), f"{field}.labels")
    annotations = {**common, **_texts(raw.get("annotations"), f"{field}.annotations")}
    name = raw.get("name")
    if name is not None and not isinstance(name, str):
        raise InvalidPayload(f"{field}.name", "must be text")
    name = _clean((name or name_in(labels)).strip())
    if len(name) > MAX_NAME_CHARS:
        raise InvalidPayload(f"{field}.name", f"has more than {MAX_NAME_CHARS} characters")
    if not (name or labels or annotations):
        raise InvalidPayload(field, "has no name, no labels and no annotations")
    starts = raw.get("starts_at", raw.get("startsAt"))
    key = "starts_at" if "starts_at" in raw else "startsAt"
    return Alert(name, labels, annotations, _status(raw, field), _moment(starts, f"{field}.{key}"))


def _status(raw: Mapping[str, Any], field: str) -> AlertStatus:
    status = raw.get("status")
    if status is None:
        return AlertStatus.FIRING
    if status == "alerting":  # the word of older Grafana
        return AlertStatus.FIRING
    if status not in tuple(AlertStatus):
        raise InvalidPayload(f"{field}.status", "must be `firing` or `resolved`")
    return AlertStatus(status)


def _moment(raw: object, field: str) -> datetime | None:
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str):
        raise InvalidPayload(field, "must be a time such as 2026-01-31T09:00:00Z")
    if raw.startswith(_NEVER):
        return None
    try:
        moment = datetime.fromisoformat(raw[:64])
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidPayload(field, "must be a time such as 2026-01-31T09:00:00Z") from error


def _texts(raw: object, field: str) -> Mapping[str, str]:
    """Names and values; numbers and truth values count as their text, null as absent."""
    if raw is None:
        return {}
    values = json_object(raw, field)
    if len(values) > MAX_LABELS:
        raise InvalidPayload(field, f"has more than {MAX_LABELS} entries")
    texts: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict | list):
            raise InvalidPayload(f"{field}.{key[:64]}", "must be text")
        if value is not None:
            text = value if isinstance(value, str) else str(value)
            texts[_clean(key[:MAX_NAME_CHARS])] = _without_secrets(_clean(text[:MAX_VALUE_CHARS]))
    return texts


@lru_cache(_TEXTS_CACHED)  # the alerts of a storm share most of their texts
def _without_secrets(text: str) -> str:
    return redacted(text)


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can spell and no store takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
