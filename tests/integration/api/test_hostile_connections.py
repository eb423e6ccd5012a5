"""Clients that misuse their connections to a running service: honest callers notice nothing."""

from __future__ import annotations

import hashlib
import re
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx
import pytest
import structlog
from pydantic import SecretStr
from structlog.typing import EventDict

from api.settings.access import LimitSettings
from api.settings.doors import SlackSettings, WebhookSettings
from rag.domain.documents import FreshnessStatus
from rag.domain.index import IndexSummary
from tests.http_bench import wait_until
from tests.serving import Served, service_over

FILES = {"open.md": "---\nacl: [public]\n---\n# Open\n\nrestart the broker\n"}
HALF_BODIES = 140  # more than all requests that the service works on at once
CONNECTIONS = 60
LIMITS = LimitSettings(
    in_flight=32,
    connections=CONNECTIONS,
    unverified_bodies=8,
    unverified_bodies_per_address=8,
    unverified_body_seconds=30,  # no test may pass because a deadline did
    header_seconds=30,
    body_seconds=30,
    keep_alive_seconds=30,
    write_seconds=0.3,
    requests_per_minute=10_000,
    refusals_per_minute=10_000,
)
NO_INDEX = IndexSummary(0, 0, 0, 0, None, freshness=dict.fromkeys(FreshnessStatus, 0))
DISCONNECTED = "runbook_client_disconnects_total"
SIGNATURE = hashlib.sha256(b"a guess").hexdigest()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", "s3cret")
        with service_over(
            tmp_path_factory.mktemp("hostile"),
            FILES,
            limits=LIMITS,
            slack=SlackSettings(
                signing_secret=SecretStr("0123456789abcdef"), groups={"T1": frozenset({"public"})}
            ),
            webhooks=WebhookSettings(github_secret_env="HOOK"),
        ) as made:
            yield made


def address_of(service: Served) -> tuple[str, int]:
    host, port = service.url.removeprefix("http://").split(":")
    return host, int(port)


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode("latin-1")


def slack_head(length: int) -> bytes:
    """A command that Slack could have signed, as far as can be seen before its body is there."""
    return head(
        "POST",
        "/slack/command",
        f"X-Slack-Request-Timestamp: {int(time.time())}",
        f"X-Slack-Signature: v0={SIGNATURE}",
        f"Content-Length: {length}",
    )


def github_head(length: int) -> bytes:
    signature = f"X-Hub-Signature-256: sha256={SIGNATURE}"
    return head("POST", "/v1/webhooks/github", signature, f"Content-Length: {length}")


def search_head(length: int, *lines: str) -> bytes:
    kind = "Content-Type: application/json"
    return head("POST", "/v1/search", kind, f"Content-Length: {length}", *lines)


def asked(service: Served, key: str) -> int:
    """The status of an honest search, over a connection of its own."""
    answer = httpx.post(
        f"{service.url}/v1/search",
        json={"query": "broker"},
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
    )
    return answer.status_code


def counted(service: Served, metric: str) -> float:
    text = service.services.metrics.render(lambda: NO_INDEX)
    found = re.findall(rf"^{metric}(?:{{[^}}]*}})? (\S+)$", text.decode(), re.MULTILINE)
    return sum(map(float, found))


@contextmanager
def opened(service: Served, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """So many connections, each with these bytes sent."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            connection = socket.create_connection(address_of(service), timeout=30)
            made.append(stack.enter_context(connection))
            connection.sendall(sent)
        yield made


def received(connection: socket.socket) -> bytes:
    """Everything until the server ends the connection."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except ConnectionError:
        pass
    return answer


@pytest.mark.parametrize("make_head", [slack_head, github_head])
def test_half_bodies_that_anybody_may_send_cost_honest_callers_nothing(
    service: Served, make_head: object
) -> None:
    assert callable(make_head)
    key = service.key("public")
    dropped = "runbook_unverified_bodies_dropped_total"
    before = counted(service, dropped)
    statuses = []
    with ExitStack() as stack:
        for _ in range(HALF_BODIES // 20):
            stack.enter_context(opened(service, 20, make_head(30) + b"{"))
            statuses += [asked(service, key) for _ in range(3)]
        # All but those within the budget were answered at once, with no deadline of a body passed.
        wait_until(lambda: counted(service, dropped) >= before + HALF_BODIES - 8)
        statuses += [asked(service, key) for _ in range(5)]
        assert service.client.get("/healthz").status_code == 200
    assert set(statuses) == {200}


def test_half_bodies_without_a_credential_are_refused_before_they_are_read(service: Served) -> None:
    key = service.key("public")
    with opened(service, 40, search_head(30) + b"{") as connections:
        assert all(one.recv(65536).startswith(b"HTTP/1.1 401") for one in connections)
        assert asked(service, key) == 200
    with opened(service, 1, head("POST", "/slack/command", "Content-Length: 30")) as connections:
        assert connections[0].recv(65536).startswith(b"HTTP/1.1 401")


def test_half_bodies_with_a_credential_take_no_place_of_others(service: Served) -> None:
    honest = service.key("public")
    slow = [service.key("public") for _ in range(3)]
    with ExitStack() as stack:
        for key in slow:  # 45 in all, more than `in_flight`
            sent = search_head(30, f"Authorization: Bearer {key}") + b"{"
            stack.enter_context(opened(service, 15, sent))
        running = service.services.limits
        wait_until(lambda: running.running() >= 45)
        assert [asked(service, honest) for _ in range(5)] == [200] * 5
    wait_until(lambda: running.running() == 0)


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HT", head("GET", "/healthz")])
def test_idle_connections_keep_nobody_out(service: Served, sent: bytes) -> None:
    """None at all, half a head, and kept alive after an answer."""
    key = service.key("public")
    with opened(service, 3 * CONNECTIONS, sent) as idle:
        assert [asked(service, key) for _ in range(5)] == [200] * 5
        answer = received(idle[0])  # the oldest made room
        assert answer.count(b"HTTP/1.1") == sent.count(b"\r\n\r\n")


def test_a_client_that_does_not_read_is_disconnected(service: Served) -> None:
    """It sends one request after the other, and reads none of the answers."""
    ended = select.poll()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(address_of(service))
        ended.register(connection, select.POLLRDHUP)
        while not ended.poll(0):
            before = counted(service, "runbook_request_count_total")
            connection.sendall(head("GET", "/openapi.json"))
            wait_until(partial(answered_or_ended, service, before, ended))
    assert asked(service, service.key("public")) == 200


def answered_or_ended(service: Served, before: float, ended: select.poll) -> bool:
    return counted(service, "runbook_request_count_total") > before or bool(ended.poll(0))


def test_requests_that_wait_for_no_answer_are_answered_a_few_at_most(service: Served) -> None:
    with opened(service, 1, head("GET", "/healthz") * 50) as [connection]:
        answer = received(connection)
    assert 1 <= answer.count(b"HTTP/1.1 200") <= 5
    with opened(service, 1, b"") as [connection]:
        for _ in range(10):  # one after the other is no pipelining
            connection.sendall(head("GET", "/healthz"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


AMBIGUOUS = {
    "both lengths": [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
    "both lengths, turned round": [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
    "two lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "a list of lengths": [b"Content-Length: 5, 6"],
    "a signed length": [b"Content-Length: +5"],
    "a folded line": [b"X: a", b" b"],
    "a folded coding": [b"Transfer-Encoding:", b" chunked"],
    "another coding": [b"Transfer-Encoding: gzip, chunked"],
    "an unknown coding": [b"Transfer-Encoding: xchunked"],
    "two codings": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "a space before the colon": [b"Content-Length : 5"],
    "a bare LF": [b"X: a\nContent-Length: 5"],
    "a bare CR": [b"X: a\rContent-Length: 5"],
    "NUL": [b"X: a\0b"],
    "two hosts": [b"Host: y"],
}


@pytest.mark.parametrize("lines", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_an_ambiguous_head_is_refused_and_the_connection_closed(
    service: Served, lines: Sequence[bytes]
) -> None:
    smuggled = head("GET", "/healthz")
    sent = b"\r\n".join([b"POST /v1/search HTTP/1.1", b"Host: x", *lines, b"", b""])
    with opened(service, 1, sent + b"0\r\n\r\n" + smuggled) as [connection]:
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"urn:runbook:problem:malformed-http" in answer
    assert answer.lower().count(b"x-request-id:") == 1  # one answer, and none to what follows


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\nHost: x\n\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\n",
        b"POST /v1/search HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
    ],
)
def test_a_head_with_other_line_ends_or_of_another_version_is_refused(
    service: Served, sent: bytes
) -> None:
    with opened(service, 1, sent) as [connection]:
        assert received(connection).startswith(b"HTTP/1.1 400")


def test_what_is_unusual_and_plain_is_served(service: Served) -> None:
    """A head in many pieces, a body with line feeds, and a second request behind it."""
    key = service.key("public")
    body = b'{\n"query":\n\n"broker"}'
    sent = search_head(len(body), f"Authorization: Bearer {key}") + body + head("GET", "/healthz")
    with opened(service, 1, b"") as [connection]:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(sent), 7):
            connection.sendall(sent[start : start + 7])
        answer = b""
        while b'{"status":"ok"}' not in answer:
            answer += connection.recv(65536)
    assert answer.count(b"HTTP/1.1 200") == 2


def test_malformed_bytes_after_an_answer_end_the_connection_in_silence(
    service: Served, errors: list[EventDict]
) -> None:
    chunked = head("POST", "/v1/search", "Transfer-Encoding: chunked") + b"2\r\n"
    with opened(service, 1, chunked) as [connection]:
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")
        connection.sendall(b"{}no line end")
        assert received(connection) == b""
    assert errors == []


# --- Clients that go away


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Iterator[list[EventDict]]:
    """What is logged as an error, by this service and by the libraries below it."""
    found: list[EventDict] = []
    with structlog.testing.capture_logs() as captured:
        yield found
    found += [one for one in captured if one["log_level"] in ("error", "critical")]
    found += [{"event": one.getMessage()} for one in caplog.records if one.levelname == "ERROR"]
    assert found == []


def leave(connection: socket.socket) -> None:
    """End the connection as a killed client does, with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


@pytest.mark.parametrize("path", ["/v1/search", "/v1/ask", "/v1/chat/completions", "/mcp"])
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.usefixtures("errors")
def test_a_client_that_goes_away_in_its_body_is_no_failure(
    service: Served, path: str, reset: bool
) -> None:
    before = counted(service, DISCONNECTED), counted(service, "runbook_request_count_total")
    credential = f"Authorization: Bearer {service.key('public')}"
    kind = "Content-Type: application/json"
    sent = head("POST", path, credential, kind, "Content-Length: 30") + b"{"
    with opened(service, 1, sent) as [connection]:
        wait_until(lambda: service.services.limits.running() == 1)
        leave(connection) if reset else connection.close()
    wait_until(lambda: counted(service, DISCONNECTED) == before[0] + 1)
    assert counted(service, "runbook_request_count_total") == before[1]


@pytest.mark.parametrize("make_head", [slack_head, github_head])
@pytest.mark.usefixtures("errors")
def test_an_unknown_client_that_goes_away_in_its_body_is_no_failure(
    service: Served, make_head: object
) -> None:
    assert callable(make_head)
    before = counted(service, DISCONNECTED), counted(service, "runbook_request_count_total")
    with opened(service, 1, make_head(30) + b"{") as [connection]:
        leave(connection)
    wait_until(lambda: counted(service, DISCONNECTED) == before[0] + 1)
    assert counted(service, "runbook_request_count_total") == before[1]
