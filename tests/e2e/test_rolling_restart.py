"""SIGTERM under load: not ready first, no request fails, and a stream ends with its reason."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import httpx

from tests.model_server import MODEL, model_server
from tests.processes import HASHING, free_port, listening, run, run_json

DRAIN_SECONDS = 4.0
PAGE = "---\ntitle: Broker restarts\nacl: [team:a]\n---\n# Broker restarts\n\nRestart the broker.\n"
QUESTION = {"query": "how do I restart the broker?"}


def _index(folder: Path, model_url: str) -> str:
    """An index of one document and a configuration; gives a key that may read it."""
    (folder / "docs").mkdir()
    (folder / "docs" / "broker.md").write_text(PAGE, encoding="utf-8")
    (folder / "runbook.toml").write_text(
        '[[sources]]\nname = "docs"\npath = "docs"\n'
        f"[server]\ndrain_seconds = {DRAIN_SECONDS}\nstop_seconds = {DRAIN_SECONDS}\n"
        f'[ask]\nprovider = "openai"\nmodel = "{MODEL}"\nbase_url = "{model_url}"\n',
        encoding="utf-8",
    )
    done = run(folder, "ingest")
    assert done.returncode == 0, done.stderr
    created = run_json(folder, "keys", "create", "--name", "test", "--group", "team:a")
    return str(created["key"])


class Load(threading.Thread):
    """Searches one after the other, each on a connection of its own, until one is refused."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        super().__init__()
        self._url, self._headers = url, headers
        self.statuses: list[tuple[float, int]] = []
        self.refused_at: float | None = None

    def run(self) -> None:
        while self.refused_at is None:
            begun = time.monotonic()
            try:
                found = httpx.post(
                    f"{self._url}/v1/search", json=QUESTION, headers=self._headers, timeout=60
                )
            except httpx.ConnectError:
                self.refused_at = begun
            else:
                self.statuses.append((begun, found.status_code))


def test_a_service_that_is_stopped_drains_finishes_and_ends_streams(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    reply = "Restart the broker [1].\n" * 400
    with model_server(reply=reply, pause=0.2) as model:
        headers = {"Authorization": f"Bearer {_index(tmp_path, model.base_url)}"}
        command = [*HASHING, "serve", "--port", str(port)]
        with listening(command, f"{url}/readyz", tmp_path) as process:
            load = [Load(url, headers) for _ in range(2)]
            with httpx.stream(
                "POST",
                f"{url}/v1/ask",
                json={**QUESTION, "stream": True},
                headers=headers,
                timeout=60,
            ) as stream:
                lines = stream.iter_lines()
                assert next(lines) == "event: context"
                for thread in load:
                    thread.start()
                signalled = time.monotonic()
                process.terminate()
                draining = httpx.get(f"{url}/readyz", timeout=60)
                events = list(lines)
            for thread in load:
                thread.join()
            process.wait(60)
    assert draining.status_code == 503
    assert draining.json()["reason"] == "stopping"
    statuses = [status for thread in load for _, status in thread.statuses]
    assert set(statuses) == {200}
    for thread in load:
        assert any(begun > signalled for begun, _ in thread.statuses), "nothing was asked meanwhile"
        assert thread.refused_at is not None
        assert thread.refused_at > signalled + DRAIN_SECONDS / 2
    name, data = [line for line in events if line][-2:]
    assert name == "event: error"
    problem = json.loads(data.removeprefix("data: "))
    assert problem["type"] == "urn:runbook:problem:stopping"
