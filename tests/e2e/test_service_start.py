"""`runbook serve --ingest` as a process: it listens at once, ready when there is an index."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.http_bench import wait_until
from tests.processes import HASHING, environment, free_port, run_json

CONFIG = """\
[[sources]]
name = "pages"
path = "pages"
acl = ["public"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / "pages").mkdir(exist_ok=True)
    (folder / "pages" / name).write_text(text, encoding="utf-8")


@contextmanager
def serving(folder: Path, option: str = "--ingest") -> Iterator[httpx.Client]:
    """The process, from the moment at which it listens; it must end well when it is asked to."""
    port = free_port()
    with subprocess.Popen(
        [*HASHING, "serve", option, "--port", str(port)],
        cwd=folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                wait_until(lambda: status(client, "/healthz") == 200, seconds=120)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=120)[1]
    assert "Traceback" not in errors, errors


def status(client: httpx.Client, path: str) -> int:
    try:
        return client.get(path).status_code
    except httpx.TransportError:
        return 0


def found(client: httpx.Client, key: str, query: str) -> list[str]:
    answer = client.post(
        "/v1/search", json={"query": query}, headers={"Authorization": f"Bearer {key}"}
    )
    return [hit["document"]["path"] for hit in answer.json()["hits"]]


def test_it_listens_at_once_and_is_ready_when_the_first_index_stands(folder: Path) -> None:
    """Its only source comes after the process, as a mount does that is slow."""
    key = run_json(folder, "keys", "create", "--name", "k", "--group", "g")["key"]
    with serving(folder) as client:
        assert client.get("/readyz").json()["reason"] == "warming"
        early = client.post(
            "/v1/search", json={"query": "broker"}, headers={"Authorization": f"Bearer {key}"}
        )
        assert early.status_code in (200, 503)
        assert not json.loads(early.text).get("hits")
        write(folder, "broker.md", "# Broker\n\nrestart the broker\n")
        wait_until(lambda: status(client, "/readyz") == 200, seconds=120)
        assert found(client, key, "restart the broker") == ["broker.md"]


def test_an_index_that_stands_is_served_while_it_is_brought_up_to_date(folder: Path) -> None:
    key = run_json(folder, "keys", "create", "--name", "k", "--group", "g")["key"]
    write(folder, "broker.md", "# Broker\n\nrestart the broker\n")
    run_json(folder, "ingest")
    write(folder, "cache.md", "# Cache\n\nflush the cache\n")
    with serving(folder) as client:
        wait_until(lambda: status(client, "/readyz") == 200, seconds=120)
        assert "broker.md" in found(client, key, "restart the broker")
        wait_until(lambda: "cache.md" in found(client, key, "flush the cache"), seconds=120)


@pytest.mark.parametrize("option", ["--ingest", "--watch"])
def test_access_narrowed_while_stopped_holds_for_the_first_answer(
    folder: Path, option: str
) -> None:
    """Also before the service is ready: a search is answered as soon as it listens."""
    key = run_json(folder, "keys", "create", "--name", "k", "--group", "g")["key"]
    write(folder, "broker.md", "# Broker\n\nrestart the broker\n")
    write(folder, "secret.md", "# Secret\n\nrotate the root key\n")
    run_json(folder, "ingest")
    write(folder, "secret.md", "---\nacl: [team:security]\n---\n# Secret\n\nrotate the root key\n")
    with serving(folder, option) as client:
        assert "secret.md" not in found(client, key, "rotate the root key")
        assert "broker.md" in found(client, key, "restart the broker")


def test_it_ends_when_it_is_asked_to_before_there_is_an_index(folder: Path) -> None:
    with serving(folder) as client:
        assert status(client, "/readyz") == 503


def test_without_a_source_it_says_so_and_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "runbook.toml").write_text("", encoding="utf-8")
    done = subprocess.run(
        [*HASHING, "serve", "--ingest", "--port", "0"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert "runbook init" in done.stderr
