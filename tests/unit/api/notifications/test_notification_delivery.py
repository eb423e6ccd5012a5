"""A message reaches its one address: signed, in limited time, and with retries that help."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from api.notifications.delivery import Address, Delivery, is_of_origin, signature
from rag.errors import DeliveryError
from tests.notification_server import NotificationServer, notification_server

TOKEN = "T0/B0/very-secret-token"


@pytest.fixture
def server() -> Iterator[NotificationServer]:
    with notification_server() as made:
        yield made


def delivery(server: NotificationServer, **chosen: object) -> Delivery:
    return Delivery(Address(f"{server.origin}/{TOKEN}", **chosen), lambda: 1_770_000_000.9)  # type: ignore[arg-type]  # each is named as its field


def test_a_body_is_signed_together_with_the_time(server: NotificationServer) -> None:
    delivery(server, secret="key").post(b'{"a": 1}')
    sent = server.next()
    assert (sent.path, sent.body) == (f"/{TOKEN}", b'{"a": 1}')
    assert sent.headers["X-Runbook-Timestamp"] == "1770000000"
    assert sent.headers["X-Runbook-Signature"] == signature("key", "1770000000", b'{"a": 1}')


def test_without_a_secret_nothing_is_signed(server: NotificationServer) -> None:
    delivery(server).post(b"{}")
    assert "X-Runbook-Signature" not in server.next().headers


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(server: NotificationServer, status: int) -> None:
    server.statuses = [status, status]
    server.headers = {"Retry-After": "0"}
    delivery(server).post(b"{}")
    assert server.received.qsize() == 3


def test_retries_come_to_an_end(server: NotificationServer) -> None:
    server.statuses = [500] * 10
    server.headers = {"Retry-After": "0"}
    with pytest.raises(DeliveryError, match="status 500"):
        delivery(server, retries=2).post(b"{}")
    assert server.received.qsize() == 3


@pytest.mark.parametrize("status", [301, 307, 400, 403, 404])
def test_what_will_not_pass_is_tried_once_and_no_redirect_is_followed(
    server: NotificationServer, status: int
) -> None:
    server.statuses = [status]
    server.headers = {"Location": f"{server.origin}/elsewhere"}
    with pytest.raises(DeliveryError, match=f"status {status}"):
        delivery(server).post(b"{}")
    assert server.received.qsize() == 1


@pytest.mark.parametrize("behaviour", ["hangs", "drips"])
def test_a_receiver_without_an_answer_costs_limited_time(
    server: NotificationServer, behaviour: str
) -> None:
    setattr(server, behaviour, True)
    with pytest.raises(DeliveryError, match="not reached"):
        delivery(server, timeout=0.1, retries=0).post(b"{}")


def test_stopping_ends_the_waiting_between_attempts(server: NotificationServer) -> None:
    server.statuses = [503] * 10
    server.headers = {"Retry-After": "60"}
    made = delivery(server)
    stop = threading.Timer(0.2, made.stop)
    stop.start()
    started = time.monotonic()
    with pytest.raises(DeliveryError):
        made.post(b"{}")
    assert time.monotonic() - started < 30


def test_no_error_and_no_log_line_names_the_address(
    server: NotificationServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    server.statuses = [404]
    closed = Delivery(Address(f"http://127.0.0.1:9/{TOKEN}", "key", timeout=1, retries=0))
    for one in (delivery(server, secret="key"), closed):
        with pytest.raises(DeliveryError) as caught:
            one.post(b"{}")
        assert TOKEN not in str(caught.value)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.slack.com/services/x", True),
        ("https://hooks.slack.com", True),
        ("http://hooks.slack.com/services/x", False),
        ("https://hooks.slack.com:444/x", False),
        ("https://hooks.slack.com.evil.example/x", False),
        ("https://user@hooks.slack.com/x", False),
        ("https://evil.example\\@hooks.slack.com/x", False),
        ("https://hooks.slack.com/\nx", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_origin_are_allowed(url: str, allowed: bool) -> None:
    assert is_of_origin(url, "https://hooks.slack.com") is allowed
