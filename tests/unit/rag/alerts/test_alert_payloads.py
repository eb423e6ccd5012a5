"""Alerts from what monitoring systems send, and what is refused of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.alerts.alert import AlertStatus
from rag.alerts.payloads import MAX_ALERTS, MAX_VALUE_CHARS, parse_alerts
from rag.errors import InvalidPayload

ALERTMANAGER = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskFull"}',
    "status": "firing",
    "receiver": "runbooks",
    "commonAnnotations": {},
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "service": "ledger", "pod": "ledger-0"},
            "annotations": {"summary": "The disk is full", "runbook_url": "https://x/disk"},
            "startsAt": "2026-01-31T10:00:00.123456789+01:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "c0ffee",
        }
    ],
}


def test_alertmanager_and_the_generic_form_give_the_same_alert() -> None:
    [sent] = parse_alerts(ALERTMANAGER)
    [generic] = parse_alerts(
        {
            "alerts": [
                {
                    "name": "DiskFull",
                    "labels": ALERTMANAGER["alerts"][0]["labels"],  # type: ignore[index]  # JSON
                    "annotations": {"summary": "The disk is full", "runbook_url": "https://x/disk"},
                    "starts_at": "2026-01-31T09:00:00.123456Z",
                }
            ]
        }
    )
    assert sent == generic
    assert sent.starts_at == datetime(2026, 1, 31, 9, 0, 0, 123456, UTC)
    assert (sent.runbook_url, sent.service) == ("https://x/disk", "ledger")


def test_grafana_is_read_with_its_extra_fields_and_common_annotations() -> None:
    payload = {
        "version": "1",
        "orgId": 1,
        "title": "[FIRING:1]",
        "state": "alerting",
        "commonAnnotations": {"summary": "Shared"},
        "alerts": [
            {
                "status": "resolved",
                "labels": {"alertname": "A", "grafana_folder": "F"},
                "annotations": {},
                "values": {"B": 22.5},
                "startsAt": "2026-01-31T09:00:00Z",
                "dashboardURL": "",
            }
        ],
    }
    [alert] = parse_alerts(payload)
    assert (alert.name, alert.summary, alert.status) == ("A", "Shared", AlertStatus.RESOLVED)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ([], "body"),
        ({}, "alerts"),
        ({"alerts": {}}, "alerts"),
        ({"version": "3", "alerts": []}, "version"),
        ({"alerts": [{"name": "A"}] * (MAX_ALERTS + 1)}, "alerts"),
        ({"alerts": [{"name": "A"}, 3]}, "alerts.1"),
        ({"alerts": [{}]}, "alerts.0"),
        ({"alerts": [{"name": 3}]}, "alerts.0.name"),
        ({"alerts": [{"name": "A" * 300}]}, "alerts.0.name"),
        ({"alerts": [{"name": "A", "labels": []}]}, "alerts.0.labels"),
        ({"alerts": [{"name": "A", "labels": {"a": {}}}]}, "alerts.0.labels.a"),
        ({"alerts": [{"name": "A", "status": "unsure"}]}, "alerts.0.status"),
        ({"alerts": [{"name": "A", "starts_at": "yesterday"}]}, "alerts.0.starts_at"),
        ({"alerts": [{"name": "A", "startsAt": 17}]}, "alerts.0.startsAt"),
    ],
)
def test_a_refusal_names_the_field(payload: object, field: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        parse_alerts(payload)
    assert refused.value.field == field


def test_long_texts_are_cut_and_secrets_redacted() -> None:
    secret = "AKIA" + "Z7Q2MX4TLW5RKD3P"
    annotations = {"summary": f"key {secret}", "description": "x" * 10_000}
    [alert] = parse_alerts({"alerts": [{"name": "A", "annotations": annotations}]})
    assert secret not in alert.summary
    assert len(alert.annotations["description"]) == MAX_VALUE_CHARS


def test_restarts_change_the_identity_and_not_the_fingerprint() -> None:
    def alert(**labels: str) -> Any:
        return parse_alerts({"alerts": [{"name": "A", "labels": labels}]})[0]

    one, other = alert(service="a", pod="a-1"), alert(service="a", pod="a-2")
    assert one.identity != other.identity
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != alert(service="b", pod="a-1").fingerprint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alerts", "labels", "name", "status", "startsAt", "version"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_read_or_refused(payload: object) -> None:
    try:
        alerts = parse_alerts(payload)
    except InvalidPayload:
        return
    assert all(one.name or one.labels or one.annotations for one in alerts)
