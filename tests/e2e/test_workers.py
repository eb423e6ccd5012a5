"""`runbook serve --workers 2`: two processes that answer as one service."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.keys import KeyStore
from rag.domain.access import Right
from tests.http_bench import wait_until
from tests.processes import HASHING, free_port, listening
from tests.web_browser import Browser

QUESTION = "restart the broker"
PER_MINUTE = 40
BOTH = {"worker-0", "worker-1"}
CONFIG = f"""\
[[sources]]
name = "pages"
path = "pages"
[limits]
requests_per_minute = {PER_MINUTE}
"""


@dataclass
class Workers:
    """A service of two workers, the folder of its state, and its log."""

    folder: Path
    port: int
    owner: subprocess.Popen[str]
    client: httpx.Client

    def key(self, group: str, *rights: Right) -> str:
        with self.keys() as keys:
            return keys.create("k", frozenset({group}), frozenset({Right.SEARCH, *rights})).key

    @contextmanager
    def keys(self) -> Iterator[KeyStore]:
        with closing(Database.open(self.folder / ".runbook" / "catalog.db")) as database:
            yield KeyStore(database)

    def post(self, path: str, key: str, body: dict[str, Any]) -> httpx.Response:
        """A request on a connection of its own."""
        headers = {"Authorization": f"Bearer {key}"}
        return self.client.post(path, json=body, headers=headers)

    def search(self, key: str) -> httpx.Response:
        return self.post("/v1/search", key, {"query": QUESTION})

    def state(self, job: str, key: str) -> str:
        headers = {"Authorization": f"Bearer {key}"}
        return str(self.client.get(f"/v1/jobs/{job}", headers=headers).json()["state"])

    def log(self) -> list[dict[str, Any]]:
        text = (self.folder / "server.log").read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1].splitlines()
        return [json.loads(line) for line in whole if line.startswith("{")]

    def answered(self, response: httpx.Response) -> str:
        """The worker that answered; its log line, and its count, may follow the answer."""
        wanted = response.headers["x-request-id"]
        wait_until(lambda: self._named(wanted) != "")
        return self._named(wanted)

    def _named(self, request_id: str) -> str:
        lines = (one for one in self.log() if one["event"] == "request")
        return next((one["process"] for one in lines if one["request_id"] == request_id), "")

    def by_both(self, ask: Callable[[], httpx.Response]) -> list[httpx.Response]:
        """Ask until both workers have answered."""
        responses: list[httpx.Response] = []
        while {self.answered(one) for one in responses} != BOTH:
            assert len(responses) < PER_MINUTE, "one worker gets no connection"
            responses.append(ask())
        return responses

    def pids(self, worker: str) -> list[int]:
        """The processes that have been this worker, oldest first."""
        started = (
            re.search(r"Started server process \[(\d+)]", one["event"])
            for one in self.log()
            if one["process"] == worker
        )
        return [int(one[1]) for one in started if one is not None]

    def processes(self) -> list[int]:
        """The owner and all that it has started."""
        found = [self.owner.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
            found += map(int, children.split())
        return found

    def searches_counted(self) -> float:
        text = self.client.get("/metrics").text
        counted = re.findall(
            r'^runbook_request_count_total{route="/v1/search",status="2xx"} (\S+)$', text, re.M
        )
        return sum(map(float, counted))


def write(folder: Path, acl: str) -> None:
    text = f"---\nacl: [{acl}]\n---\n# Broker\n\nrestart the broker\n"
    (folder / "pages" / "broker.md").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("workers")
    (folder / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "pages").mkdir()
    write(folder, "team:a")
    port = free_port()
    command = [*HASHING, "serve", "--workers", "2", "--ingest", "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    one_by_one = httpx.Limits(max_keepalive_connections=0)
    with (
        listening(command, f"{base}/readyz", folder) as owner,
        httpx.Client(base_url=base, timeout=60, limits=one_by_one) as client,
    ):
        yield Workers(folder, port, owner, client)


@pytest.fixture
def key(service: Workers) -> str:
    return service.key("team:a")


def test_connections_are_spread_evenly(service: Workers) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(httpx.Client(base_url=service.client.base_url, timeout=60))
            for _ in range(8)
        ]
        for client in clients:
            client.get("/healthz")
        responses = [client.get("/healthz") for client in clients]
    # Four each, unless the machine is so busy that an idle worker does not wake up in time.
    spread = Counter(map(service.answered, responses))
    assert set(spread) == BOTH
    assert min(spread.values()) >= 2


def test_both_workers_answer_and_are_counted_together(service: Workers, key: str) -> None:
    before = service.searches_counted()
    responses = service.by_both(lambda: service.search(key))
    assert all(one.json()["hits"] for one in responses)
    assert service.searches_counted() == before + len(responses)


def test_a_rate_limit_holds_over_both(service: Workers, key: str) -> None:
    responses = [service.search(key) for _ in range(PER_MINUTE + 5)]
    assert Counter(one.status_code for one in responses) == {200: PER_MINUTE, 429: 5}
    assert {service.answered(one) for one in responses[:PER_MINUTE]} == BOTH


def test_a_revoked_key_is_refused_by_both_at_once(service: Workers) -> None:
    key = service.key("team:a")
    accepted = service.by_both(lambda: service.search(key))
    with service.keys() as keys:
        keys.revoke(key.split("_")[1])
    refused = service.by_both(lambda: service.search(key))
    assert {one.status_code for one in accepted} == {200}
    assert {one.status_code for one in refused} == {401}


def test_a_session_that_was_signed_out_is_refused_by_both(service: Workers, key: str) -> None:
    browser = Browser(service.client)
    browser.sign_in(key)
    copy = Browser(service.client, browser.cookie)
    before = service.by_both(lambda: copy.get("/"))
    assert browser.submit("/", "/sign-out", {}).status_code == 303
    after = service.by_both(lambda: copy.get("/"))
    assert {one.status_code for one in before} == {200}
    assert {one.status_code for one in after} == {401}


def test_a_narrowed_acl_holds_in_both_from_the_job_that_commits_it(
    service: Workers, key: str
) -> None:
    indexer = service.key("team:b", Right.INDEX)
    assert all(one.json()["hits"] for one in service.by_both(lambda: service.search(key)))
    write(service.folder, "team:b")
    job = service.post("/v1/reindex", indexer, {}).json()["job"]
    wait_until(lambda: service.state(job, indexer) == "done", seconds=60)
    try:
        assert not any(one.json()["hits"] for one in service.by_both(lambda: service.search(key)))
        found = service.by_both(lambda: service.search(indexer))
        assert all(one.json()["hits"] for one in found)
    finally:
        write(service.folder, "team:a")


def test_a_killed_worker_is_replaced_and_nothing_that_it_counted_is_lost(
    service: Workers,
) -> None:
    counted = service.searches_counted()
    killed = service.pids("worker-0")
    os.kill(killed[-1], signal.SIGKILL)
    reader = service.key("team:b")
    assert service.search(reader).status_code == 200  # by the other
    wait_until(lambda: len(service.pids("worker-0")) > len(killed), seconds=120)
    another = service.key("team:b")
    responses = service.by_both(lambda: service.search(another))
    assert {one.status_code for one in responses} == {200}
    assert service.searches_counted() == counted + 1 + len(responses)


def test_the_last_one_a_stop_ends_all_processes_after_what_is_in_flight(service: Workers) -> None:
    reader = service.key("team:b")
    body = json.dumps({"query": QUESTION}).encode()
    head = (
        f"POST /v1/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {reader}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    pids = service.processes()
    assert {service.pids(worker)[-1] for worker in BOTH} < set(pids)
    with ExitStack() as stack:
        begun = [
            stack.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=60))
            for _ in range(4)
        ]
        for connection in begun:
            connection.sendall(head + body[:5])
        service.search(reader)  # what came before it is accepted by now
        for pid in service.processes():  # as a service manager does
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: refused(service.port), seconds=60)
        for connection in begun:
            connection.sendall(body[5:])
            assert connection.recv(12) == b"HTTP/1.1 200"
    assert service.owner.wait(60) == 0
    wait_until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()])
    assert not list((service.folder / ".runbook").glob("workers-*"))


def refused(port: int) -> bool:
    """Whether nothing listens any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
