"""Alerts and incidents on the web pages, for those who may see each."""

from __future__ import annotations

import json

import pytest

from api.web.incident_forms import guessed_kind
from rag.incidents.facts import InputKind
from tests.http_bench import PAYMENTS, Bench, index_full
from tests.web_browser import Browser

PAYLOAD = json.dumps({"alerts": [{"name": "CheckoutHighErrorRate"}]})


def signed_in(bench: Bench, groups: frozenset[str] = PAYMENTS) -> Browser:
    browser = Browser(bench.client)
    browser.sign_in(bench.key(groups))
    return browser


def test_a_pasted_payload_leads_to_its_runbook(bench: Bench) -> None:
    index_full(bench)
    page = signed_in(bench).submit("/alerts", "/alerts", {"payload": PAYLOAD})
    assert page.status_code == 200
    assert "Checkout 5xx" in page.text
    assert "1 group" in page.text
    other = signed_in(bench, frozenset({"team:other"}))
    assert "Checkout 5xx" not in other.submit("/alerts", "/alerts", {"payload": PAYLOAD}).text


@pytest.mark.parametrize("payload", ["", "{", "[" * 100_0, '{"alerts": 3}', "<script>"])
def test_a_payload_that_cannot_be_read_is_explained(bench: Bench, payload: str) -> None:
    page = signed_in(bench).submit("/alerts", "/alerts", {"payload": payload})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert "<script>" not in page.text.split("<main")[1]


def test_an_incident_is_shown_to_who_opened_it_alone(bench: Bench) -> None:
    index_full(bench)
    key = bench.key()
    opened = bench.client.post(
        "/v1/incidents",
        json={"name": "Checkout <b>down</b>"},
        headers={"Authorization": f"Bearer {key}"},
    ).json()
    identity = opened["id"]
    log = "2026-08-31T10:00:00Z ERROR <script>alert(1)</script> timeout\n" * 3
    added = bench.client.post(
        f"/v1/incidents/{identity}/inputs",
        json={"kind": "logs", "name": "api.log", "content": log},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert added.status_code == 201, added.text
    own, other = Browser(bench.client), signed_in(bench)
    own.sign_in(key)
    assert identity in own.get("/incidents").text
    page = own.get(f"/incidents/{identity}").text
    assert "Checkout &lt;b&gt;down&lt;/b&gt;" in page
    assert "timeout" in page
    assert "<script>alert" not in page
    assert identity not in other.get("/incidents").text
    assert other.get(f"/incidents/{identity}").status_code == 404
    assert other.get("/incidents/absent").status_code == 404


LOG = "2026-08-31T10:00:00Z ERROR connection to ledger timed out\n" * 3


def test_an_incident_is_opened_from_a_pasted_log_added_to_and_closed(bench: Bench) -> None:
    index_full(bench)
    browser, colleague = signed_in(bench), signed_in(bench)
    fields = {"name": "Checkout down", "acl": "team:payments", "content": LOG}
    opened = browser.submit("/incidents", "/incidents", {**fields, "input_name": "api.log"})
    assert opened.status_code == 303, opened.text
    place = opened.headers["location"]
    page = browser.get(place).text
    assert "connection to ledger timed out" in page
    assert "api.log" in page
    alert = {"labels": {"alertname": "CheckoutHighErrorRate"}, "startsAt": "2026-08-31T09:59:00Z"}
    payload = {"content": json.dumps({"alerts": [alert]}), "input_name": "alerts.json"}
    added = colleague.submit(place, f"{place}/inputs", payload)
    assert added.status_code == 303, added.text
    page = browser.get(place).text
    assert "CheckoutHighErrorRate" in page
    assert "Checkout 5xx" in page
    assert browser.submit(place, f"{place}/close", {}).status_code == 303
    assert "closed" in browser.get(place).text


def test_an_incident_form_says_what_is_wrong_with_it(bench: Bench) -> None:
    browser = signed_in(bench)
    for fields in (
        {"name": " "},
        {"name": "a", "acl": "no tag!"},
        {"name": "a", "kind": "rumours"},
        {"name": "a", "kind": "alerts", "content": "{"},
    ):
        page = browser.submit("/incidents", "/incidents", fields)
        assert page.status_code == 422, fields
        assert 'role="alert"' in page.text
    foreign = browser.submit("/incidents", "/incidents", {"name": "a", "acl": "team:security"})
    assert foreign.status_code == 403


def test_an_incident_of_others_cannot_be_changed(bench: Bench) -> None:
    index_full(bench)
    opened = signed_in(bench).submit("/incidents", "/incidents", {"name": "Checkout down"})
    place, other = opened.headers["location"], signed_in(bench)
    for path, fields in (("inputs", {"content": LOG}), ("close", {})):
        assert other.submit("/", f"{place}/{path}", fields).status_code == 404


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", InputKind.LOGS),
        (LOG, InputKind.LOGS),
        ('{"level": "error"}\n{"level": "error"}', InputKind.LOGS),
        ('{"level": "error"}', InputKind.LOGS),
        ("{" * 9_000, InputKind.LOGS),
        (' {"alerts": []}', InputKind.ALERTS),
        ('{"items": []}', InputKind.EVENTS),
        ('{"data": {}}', InputKind.METRICS),
    ],
)
def test_the_kind_of_an_input_is_seen_by_its_form(text: str, kind: InputKind) -> None:
    assert guessed_kind(text) is kind
