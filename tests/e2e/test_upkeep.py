"""`runbook serve` keeps its own index up to date: watching, re-index jobs, and restarts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import HASHING, free_port, listening, run

CONFIG = """\
[[sources]]
name = "docs"
path = "docs"
acl = ["public"]

[ingest]
watch = {watch}
reconcile_seconds = 3600
"""
SECONDS = 30


@dataclass(frozen=True)
class Service:
    """A running service, as a key of administrators sees it."""

    folder: Path
    client: httpx.Client
    pid: int

    def found(self, question: str) -> list[str]:
        response = self.client.post("/v1/search", json={"query": question, "mode": "lexical"})
        assert response.status_code == 200, response.text
        return [hit["document"]["path"] for hit in response.json()["hits"]]

    def job(self, **body: Any) -> str:
        response = self.client.post("/v1/reindex", json=body)
        assert response.status_code == 202, response.text
        return str(response.json()["job"])

    def ended(self, job: str) -> dict[str, Any]:
        until(lambda: self.job_state(job)["finished_at"])
        return self.job_state(job)

    def job_state(self, job: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.client.get(f"/v1/jobs/{job}").json()
        return shown


def until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return seen


def write(folder: Path, path: str, word: str) -> None:
    place = folder / "docs" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"# About {word}\n\nRestart the {word} when it is stuck.\n", encoding="utf-8")


def prepared(folder: Path, *, watch: bool) -> str:
    """An index of two pages; gives a key."""
    write(folder, "a.md", "broker")
    write(folder, "sub/b.md", "proxy")
    text = CONFIG.format(watch=str(watch).lower())
    (folder / "runbook.toml").write_text(text, encoding="utf-8")
    assert run(folder, "ingest").returncode == 0
    made = run(folder, "keys", "create", "--name", "t", "--right", "admin", "--json")
    return str(json.loads(made.stdout)["key"])


@contextmanager
def serving(folder: Path, key: str) -> Iterator[Service]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {key}"}
    with (
        listening([*HASHING, "serve", "--port", str(port)], f"{base}/readyz", folder) as process,
        httpx.Client(base_url=base, headers=headers, timeout=30) as client,
    ):
        yield Service(folder, client, process.pid)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("watched")
    key = prepared(folder, watch=True)
    with serving(folder, key) as service:
        yield service


def test_a_save_is_found_and_a_deletion_is_gone(watched: Service) -> None:
    write(watched.folder, "saved.md", "turbine")
    until(lambda: watched.found("turbine") == ["saved.md"])
    (watched.folder / "docs/saved.md").unlink()
    until(lambda: watched.found("turbine") == [])


def test_an_editor_that_swaps_files_and_a_folder_that_moves(watched: Service) -> None:
    write(watched.folder, "old/swapped.md", "condenser")
    until(lambda: watched.found("condenser") == ["old/swapped.md"])
    new = watched.folder / "docs/old/.swapped.md.tmp"
    new.write_text("# About boiler\n\nDrain the boiler.\n", encoding="utf-8")
    new.rename(watched.folder / "docs/old/swapped.md")
    until(lambda: watched.found("boiler") == ["old/swapped.md"])
    (watched.folder / "docs/old").rename(watched.folder / "docs/new")
    until(lambda: watched.found("boiler") == ["new/swapped.md"])
    # A folder that moved is still watched.
    write(watched.folder, "new/swapped.md", "chiller")
    until(lambda: watched.found("chiller") == ["new/swapped.md"])


def test_a_half_written_file_is_not_indexed(watched: Service) -> None:
    """Written to again and again for longer than a batch waits for quiet, then left alone."""
    page = watched.folder / "docs/slow.md"
    ends = time.monotonic() + 6.5
    with page.open("w", encoding="utf-8") as file, ThreadPoolExecutor(1) as writer:
        file.write("# Slow\n\nThe dynamo\n\n")

        def keep_writing() -> None:
            while time.monotonic() < ends:
                file.write("turns and turns.\n\n")
                file.flush()
                time.sleep(0.02)

        # In a thread of its own: a search that takes long must not leave the file alone meanwhile.
        writing = writer.submit(keep_writing)
        while not writing.done():
            found = watched.found("dynamo")
            assert found == [] or writing.done()
            time.sleep(0.05)  # within the caller's rate limit
        writing.result()
    until(lambda: watched.found("dynamo") == ["slow.md"])


def test_a_thousand_files_are_one_batch(watched: Service) -> None:
    for number in range(1000):
        write(watched.folder, f"many/{number:04}.md", f"shard{number}")
    write(watched.folder, "many/last.md", "flywheel")
    until(lambda: watched.found("flywheel") and watched.found("shard999"))

    def added() -> list[int]:
        log = (watched.folder / "server.log").read_text()
        runs = [line for line in log.splitlines() if "indexed: " in line and "many" not in line]
        return [int(line.split("indexed: ")[1].split()[0]) for line in runs]

    until(lambda: sum(added()) >= 1001)  # pages are found a moment before their run is logged
    assert max(added()) > 200  # few runs, however slow the machine


def test_a_merge_hook_re_indexes(tmp_path: Path) -> None:
    key = prepared(tmp_path, watch=False)
    with serving(tmp_path, key) as service:
        write(tmp_path, "a.md", "gateway")
        write(tmp_path, "sub/c.md", "cache")
        job_report = service.ended(service.job(source="docs", paths=["sub/c.md"]))
        assert (
            job_report["state"],
            job_report["result"]["added"],
            job_report["result"]["updated"],
        ) == ("done", 1, 0)
        job_report = service.ended(service.job())
        assert job_report["result"]["updated"] == 1
        assert job_report["progress"] == {"found": 3, "done": 3, "chunks": 1}
        assert service.found("gateway") == ["a.md"]
        (tmp_path / "docs").rename(tmp_path / "away")
        job_report = service.ended(service.job())
        assert (job_report["state"], job_report["error"]) == ("failed", "StoreError")
        assert service.found("gateway") == ["a.md"]
        doctor = run(tmp_path, "doctor")
        assert "FAIL  last run: failed" in doctor.stdout
        (tmp_path / "away").rename(tmp_path / "docs")
        assert service.ended(service.job())["state"] == "done"
        assert "ok    last run" in run(tmp_path, "doctor").stdout


def test_a_job_survives_a_killed_service(tmp_path: Path) -> None:
    key = prepared(tmp_path, watch=False)
    for number in range(800):
        write(tmp_path, f"many/{number:04}.md", f"shard{number}")
    with serving(tmp_path, key) as service:
        job = service.job()
        until(lambda: service.client.get(f"/v1/jobs/{job}").json()["progress"]["done"])
        os.kill(service.pid, signal.SIGKILL)
    with serving(tmp_path, key) as service:
        job_report = service.ended(job)
        assert job_report["state"] == "done"
        assert job_report["result"]["added"] + job_report["result"]["unchanged"] == 802
        assert service.found("shard799")[0] == "many/0799.md"
