"""What one caller may ask of a running service, and how it is told that it was too much."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.settings.access import LimitSettings
from rag.domain.search import SearchQuery
from rag.retrieval.search import SearchEngine
from tests.serving import Served, service_over

FILES = {"open.md": "---\nacl: [public]\n---\n# Open\n\nrestart the broker\n"}
LIMITS = LimitSettings(
    requests_per_minute=40,
    concurrent=2,
    refusals_per_minute=5,
    in_flight=3,
    header_seconds=0.4,
    body_seconds=0.4,
    request_seconds=1.0,
    header_bytes=8192,
    keep_alive_seconds=1,
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service_over(tmp_path_factory.mktemp("limits"), FILES, limits=LIMITS) as made:
        yield made


def assert_problem(answer: httpx.Response, status: int, name: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:runbook:problem:{name}"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def search(service: Served, key: str) -> httpx.Response:
    return service.post(key, "/v1/search", {"query": "broker"})


@pytest.fixture
def slowed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Searches that wait until they are let go."""
    go, found = threading.Event(), SearchEngine.search

    def waiting(self: SearchEngine, query: SearchQuery) -> Any:
        go.wait(5)
        return found(self, query)

    monkeypatch.setattr(SearchEngine, "search", waiting)
    return go


def test_a_rate_by_key_is_held_and_says_when_to_come_back(service: Served) -> None:
    key, other = service.key("public"), service.key("public")
    answers = [search(service, key) for _ in range(42)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [429] * 2
    assert_problem(answers[-1], 429, "too-many-requests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert search(service, other).status_code == 200


def test_requests_at_once_are_counted_by_key_and_over_all(
    service: Served, slowed: threading.Event
) -> None:
    keys = [service.key("public") for _ in range(3)]
    codes: list[int] = []

    def ask(key: str) -> None:
        codes.append(search(service, key).status_code)

    running = [threading.Thread(target=ask, args=(key,)) for key in (keys[0], keys[0], keys[1])]
    for thread in running[:2]:
        thread.start()
    time.sleep(0.2)
    third = search(service, keys[0])
    running[2].start()
    time.sleep(0.2)
    fourth = search(service, keys[2])
    health = service.client.get("/healthz")
    slowed.set()
    for thread in running:
        thread.join(10)
    assert_problem(third, 429, "too-many-requests")
    assert third.headers["retry-after"] == "1"
    assert_problem(fourth, 503, "busy")
    assert fourth.headers["retry-after"] == "1"
    assert health.status_code == 200
    assert codes == [200] * 3
    assert search(service, keys[0]).status_code == 200


def test_an_answer_that_takes_too_long_is_given_up(
    service: Served, slowed: threading.Event
) -> None:
    key = service.key("public")
    started = time.monotonic()
    answer = search(service, key)
    assert_problem(answer, 504, "timeout")
    assert time.monotonic() - started < 3
    slowed.set()
    assert search(service, key).status_code == 200


def test_failed_authentications_are_limited_and_lock_out_nobody(service: Served) -> None:
    bad = [search(service, f"rbk_{'0' * 12}_{'a' * 43}") for _ in range(8)]
    assert [answer.status_code for answer in bad][-3:] == [429] * 3
    assert_problem(bad[-1], 429, "too-many-requests")
    assert int(bad[-1].headers["retry-after"]) >= 1
    assert search(service, service.key("public")).status_code == 200
    audited = (service.services.settings.state_folder / "audit.jsonl").read_text()
    assert audited.count('"event": "refused"') <= LIMITS.refusals_per_minute


def raw(service: Served, *pieces: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """What comes back for these bytes, sent piece by piece, and after how many seconds."""
    host, port = service.url.removeprefix("http://").split(":")
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except ConnectionError:
            pass  # it was refused before its end
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
        return answer, time.monotonic() - started


def head(service: Served, length: int) -> bytes:
    return (
        f"POST /v1/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key('public')}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_a_slow_body_is_answered_with_408_and_not_waited_for(service: Served) -> None:
    answer, seconds = raw(service, head(service, 100), b'{"query":')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"urn:runbook:problem:body-timeout" in answer
    assert 0.3 < seconds < 3
    drip, seconds = raw(service, head(service, 100), *[b" "] * 5, pause=0.15)
    assert drip.startswith(b"HTTP/1.1 408")
    assert seconds < 3


def test_a_slow_head_is_cut_off(service: Served) -> None:
    for pieces in ([b""], [b"GET /v1/doc"], [b"GET / HTTP/1.1\r\n", b"A: b\r\n"]):
        answer, seconds = raw(service, *pieces)
        assert answer == b""
        assert seconds < 3
    kept = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer, seconds = raw(service, kept, b"GET /hea", pause=0.1)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert seconds < 3


def test_a_head_without_end_is_not_kept(service: Served) -> None:
    endless = b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 4096
    answer, seconds = raw(service, endless, *[b"b" * 4096] * 5, pause=0.02)
    assert b"200" not in answer
    assert seconds < 3


def test_an_oversized_body_is_refused_whatever_it_says_of_its_size(service: Served) -> None:
    most = service.services.settings.server.max_body_bytes
    answer, seconds = raw(service, head(service, most + 1))
    assert answer.startswith(b"HTTP/1.1 413")
    assert seconds < 3
    chunked = head(service, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    piece = b"%x\r\n%s\r\n" % (most // 2, b"x" * (most // 2))
    assert raw(service, chunked, piece, piece, piece)[0].startswith(b"HTTP/1.1 413")
    both = head(service, 5).replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert not raw(service, both, b"0\r\n\r\n")[0].startswith(b"HTTP/1.1 200")
