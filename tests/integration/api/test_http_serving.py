"""Readiness, and the application behind a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from api.http.server import serve, server_config
from api.http.stopping import Stopping
from rag.errors import IndexMissing, ServiceNotStarted
from tests.http_bench import (
    MAX_BODY,
    Bench,
    assert_problem,
    type_of,
    wait_until,
)
from tests.serving import listening


def test_readiness_waits_for_the_warm_up(tmp_path: Path) -> None:
    go = threading.Event()

    def warm() -> None:
        assert go.wait(10)

    with Bench(tmp_path, warm).client as client:
        body = assert_problem(client.get("/readyz"), 503, "not-ready")
        assert body["reason"] == "warming"
        assert client.get("/healthz").json() == {"status": "ok"}
        go.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(IndexMissing("/secret/place is empty"), "IndexMissing"), (OSError("/secret"), "Error")],
)
def test_a_failed_warm_up_is_reported_by_its_class_alone(
    tmp_path: Path, failure: Exception, reason: str
) -> None:
    def warm() -> None:
        raise failure

    with structlog.testing.capture_logs(), Bench(tmp_path, warm).client as client:
        wait_until(lambda: client.get("/readyz").json()["reason"] != "warming")
        answer = client.get("/readyz")
        assert assert_problem(answer, 503, "not-ready")["reason"] == reason
        assert "/secret" not in answer.text
        assert client.get("/healthz").status_code == 200


def asked(
    address: tuple[str, int], method: str, path: str, body: Any, headers: dict[str, str]
) -> tuple[int, dict[str, str], Any]:
    connection = HTTPConnection(*address, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        sent = {name.lower(): value for name, value in response.getheaders()}
        return response.status, sent, json.loads(response.read())
    finally:
        connection.close()


def test_a_real_server_answers_searches_and_refuses_large_bodies(stocked: Bench) -> None:
    headers = {**stocked.caller().headers, "Content-Type": "application/json"}
    with listening(stocked.services) as address:
        status, sent, answer = asked(
            address, "POST", "/v1/search", b'{"query": "certificate"}', headers
        )
        assert status == 200
        assert sent["x-request-id"] == answer["request_id"]
        assert {hit["document"]["path"] for hit in answer["hits"]} == {"checkout.md", "open.md"}
        large = b"x" * (4 * MAX_BODY)
        status, _, answer = asked(address, "POST", "/v1/search", large, headers)
        assert (status, answer["type"]) == (413, type_of("body-too-large"))
        # Too large with its last piece: a server that has answered reads no more of a body.
        pieces = (b"x" * size for size in (MAX_BODY // 2, MAX_BODY // 2, 1))
        status, _, answer = asked(address, "POST", "/v1/search", pieces, headers)
        assert (status, answer["type"]) == (413, type_of("body-too-large"))


def test_a_body_that_says_it_is_too_large_is_not_waited_for(stocked: Bench) -> None:
    with listening(stocked.services) as address:
        connection = HTTPConnection(*address, timeout=10)
        connection.putrequest("POST", "/v1/search")
        for name, value in stocked.caller().headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(MAX_BODY + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_a_real_server_keeps_callers_apart_when_they_come_at_once(stocked: Bench) -> None:
    keys = [stocked.key(), stocked.key(frozenset({"team:security"}))] * 4
    readable = [{"checkout.md", "open.md"}, {"open.md", "secret.md"}] * 4
    found: list[list[set[str]]] = [[] for _ in keys]

    def ask(number: int, address: tuple[str, int]) -> None:
        headers = {"Authorization": f"Bearer {keys[number]}", "Content-Type": "application/json"}
        for _ in range(5):
            answer = asked(address, "POST", "/v1/search", b'{"query": "certificate"}', headers)[2]
            found[number].append({hit["document"]["path"] for hit in answer["hits"]})

    with listening(stocked.services) as address:
        threads = [threading.Thread(target=ask, args=(n, address)) for n in range(len(keys))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert found == [[expected] * 5 for expected in readable]


def test_an_application_whose_start_fails_does_not_end_as_if_it_had_served(bench: Bench) -> None:
    @asynccontextmanager
    async def failing(_: FastAPI) -> AsyncIterator[None]:
        if app.version:
            raise OSError("no room")
        yield

    app = FastAPI(lifespan=failing)
    config = server_config(app, bench.services.settings.limits, host="127.0.0.1", port=0)
    with pytest.raises(ServiceNotStarted, match=r"127\.0\.0\.1:0 did not start"):
        serve(config, Stopping(30))


def test_readiness_shows_how_many_files_could_not_be_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.services.metrics.reading_failed("time")
    with bench.client as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        body = client.get("/readyz").json()
    assert body == {"status": "ready", "reading_failures": {"time": 1}}
