"""Summaries of alerts to receivers: once a group, of what their readers may read, and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.compose.notifications import open_notifier
from api.http.app import create_app
from api.notifications.delivery import signature
from api.settings.notifications import NotificationSettings
from rag.errors import ConfigurationError
from tests.corpus import PAGES
from tests.notification_server import NotificationServer, Received, notification_server
from tests.serving import Served, service_over

TOKEN = "T0/B0/very-secret-token"
Notifying = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service_over(tmp_path_factory.mktemp("notified"), PAGES) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[NotificationServer]:
    with notification_server() as made:
        yield made


@pytest.fixture
def sender(service: Served) -> tuple[str, str]:
    """A key that reads everything, and its name in the settings."""
    made = service.services.keys.create(
        "alertmanager", frozenset({"team:payments", "team:security"}), frozenset({"search"})
    )
    return made.key, f"key:{made.id}"


@pytest.fixture
def notifying(
    service: Served, receiver: NotificationServer, monkeypatch: pytest.MonkeyPatch
) -> Notifying:
    """Starts the service with one receiver, which the arguments change."""
    monkeypatch.setenv("HOOK_URL", f"{receiver.origin}/{TOKEN}")
    monkeypatch.setenv("HOOK_SECRET", "the-signing-key")

    @contextmanager
    def started(sender: str, **chosen: Any) -> Iterator[TestClient]:
        values = {
            "name": f"for-{sender.removeprefix('key:')}",
            "kind": "json",
            "url_env": "HOOK_URL",
            "origin": receiver.origin,
            "acl": ["team:payments"],
            "senders": [sender],
            "wait_seconds": 0,
            **chosen,
        }
        notified = (NotificationSettings.model_validate(values),)
        settings = service.services.settings.model_copy(update={"notifications": notified})
        services = replace(service.services, settings=settings, warm=lambda: None)
        with open_notifier(services) as notifier:
            services = replace(services, notify=notifier.offer)
            with TestClient(create_app(services)) as client:
                yield client

    return started


def alert(number: int = 0, service: str = "checkout-api", **more: Any) -> dict[str, Any]:
    labels = {"alertname": "CheckoutHighErrorRate", "service": service, "pod": f"p-{number}"}
    return {"labels": labels, "startsAt": "2026-01-31T09:00:00Z", **more}


def post(client: TestClient, key: str, *alerts: Mapping[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    answer = client.post("/v1/alerts", json={"alerts": list(alerts)}, headers=headers)
    assert answer.status_code == 200, answer.text


def outcomes(service: Served, outcome: str) -> float:
    text = service.client.get("/metrics").text
    [line] = [
        one for one in text.splitlines() if f'notifications_total{{outcome="{outcome}"' in one
    ]
    return float(line.rsplit(" ", 1)[1])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def change(received: Received) -> str:
    return str(received.json["change"])


def test_a_group_is_notified_once_and_again_when_it_changes(
    receiver: NotificationServer, sender: tuple[str, str], notifying: Notifying
) -> None:
    key, name = sender
    with notifying(name, secret_env="HOOK_SECRET") as client:
        post(client, key, *(alert(number) for number in range(50)))
        first = receiver.next()
        group = first.json["group"]
        assert (change(first), group["alerts"], group["matched_by"]) == ("firing", 50, "name")
        assert group["first_check"]["command"] == "kubectl -n checkout-api get pods"
        timestamp = first.headers["X-Runbook-Timestamp"]
        signed = signature("the-signing-key", timestamp, first.body)
        assert first.headers["X-Runbook-Signature"] == signed
        post(client, key, *(alert(number) for number in range(80)))
        post(client, key, alert(service="cart"))
        assert change(receiver.next()) == "new_service"
    with notifying(name) as client:  # after a restart
        post(client, key, alert(1))
        everything = [alert(number, status="resolved") for number in range(80)]
        post(client, key, *everything, alert(service="cart", status="resolved"))
        last = receiver.next()
        assert (change(last), last.json["group"]["firing"]) == ("resolved", 0)
    assert receiver.received.empty()


def test_a_message_holds_what_its_readers_may_read_and_no_text_of_documents(
    receiver: NotificationServer, sender: tuple[str, str], notifying: Notifying
) -> None:
    key, name = sender
    ledger = {"labels": {"alertname": "LedgerOutOfBalance"}}
    documents = {}
    for tag in ("team:payments", "team:security", "team:nobody"):
        with notifying(name, name=tag.replace(":", "-"), acl=[tag]) as client:
            post(client, key, alert(), ledger)
            found = [one.json["group"] for one in (receiver.next(), receiver.next())]
        documents[tag] = {one["path"] for group in found for one in group["runbooks"]}
        assert all("text" not in one for group in found for one in group["runbooks"])
    public, ledger_page = "payments/checkout-5xx.md", "payments/ledger.md"
    assert documents["team:payments"] == {public, ledger_page}
    assert documents["team:security"] > {public}
    assert ledger_page not in documents["team:security"]
    assert documents["team:nobody"] == {public}


def test_only_the_configured_senders_are_summarised(
    service: Served, receiver: NotificationServer, sender: tuple[str, str], notifying: Notifying
) -> None:
    key, name = sender
    with notifying(name) as client:
        post(client, service.key("team:payments"), alert(service="of-another-key"))
        post(client, key, alert())
        services = [one["name"] for one in receiver.next().json["group"]["services"]]
    assert services == ["checkout-api"]


def test_a_receiver_that_hangs_delays_no_request(
    receiver: NotificationServer, sender: tuple[str, str], notifying: Notifying
) -> None:
    key, name = sender
    receiver.hangs = True
    with notifying(name, timeout_seconds=0.2, retries=0) as client:
        post(client, key, alert())
        receiver.next()
        for number in range(5):
            post(client, key, alert(number))
        receiver.stopped.set()


def test_a_failed_message_is_sent_with_the_next_alert_and_nothing_names_the_address(
    service: Served,
    receiver: NotificationServer,
    sender: tuple[str, str],
    notifying: Notifying,
    caplog: pytest.LogCaptureFixture,
) -> None:
    key, name = sender
    receiver.statuses = [404]
    failed = outcomes(service, "failed")
    with notifying(name) as client:
        post(client, key, alert())
        until(lambda: outcomes(service, "failed") == failed + 1)
        receiver.next()
        post(client, key, alert())
        assert change(receiver.next()) == "firing"
    assert "status 404" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in service.client.get("/metrics").text


def test_messages_of_an_hour_are_limited(
    service: Served, receiver: NotificationServer, sender: tuple[str, str], notifying: Notifying
) -> None:
    key, name = sender
    limited = outcomes(service, "limited")
    with notifying(name, max_per_hour=1) as client:
        post(client, key, alert())
        receiver.next()
        post(client, key, alert(service="another"))
        until(lambda: outcomes(service, "limited") == limited + 1)
    assert receiver.received.empty()


def test_slack_obeys_nothing_in_a_message(
    receiver: NotificationServer, sender: tuple[str, str], notifying: Notifying
) -> None:
    key, name = sender
    with notifying(name, kind="slack") as client:
        post(client, key, alert(service="<!channel> *bold* `x`"))
        message = receiver.next().json
    assert message["unfurl_links"] is False
    assert "&lt;!channel&gt;" in message["text"]
    assert "<!" not in message["text"]
    assert "*bold*" not in message["text"]
    assert "First check: `kubectl -n checkout-api get pods`" in message["text"]
    assert len(json.dumps(message)) < 4_000


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"origin": "https://hooks.slack.com"}, "HOOK_URL is not of https://hooks.slack.com"),
        ({"url_env": "NOT_SET"}, "the environment variable NOT_SET is not set"),
        ({"secret_env": "NOT_SET"}, "the environment variable NOT_SET is not set"),
    ],
)
def test_a_wrong_receiver_is_refused_at_the_start(
    notifying: Notifying, chosen: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught, notifying("key:x", **chosen):
        pass
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("missing", ["acl", "senders"])
def test_readers_and_senders_have_no_default(missing: str) -> None:
    values = {"name": "n", "url_env": "U", "acl": ["team:a"], "senders": ["key:x"], missing: []}
    with pytest.raises(ValueError, match=missing):
        NotificationSettings.model_validate(values)
