"""Starting this project's own commands as a user does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.forked_cli import run_forked

ROOT = Path(__file__).parents[1]
RUNBOOK = [str(Path(sys.executable).parent / "runbook")]
HASHING = [sys.executable, "-m", "tests.hashing_cli"]


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def run(
    folder: Path, *arguments: str, program: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `runbook` in a folder until it ends; by default with the hashing embedder, in a fork."""
    if program is None:
        return run_forked(folder, arguments, environment())
    return subprocess.run(
        [*program, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def run_json(folder: Path, *arguments: str, expect: int = 0) -> Any:
    """Run `runbook … --json`, which must end with the exit code `expect`."""
    done = run(folder, *arguments, "--json")
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


def paths_found(folder: Path, question: str, *arguments: str) -> list[str]:
    """The paths that a search finds, best first; empty when it finds nothing."""
    done = run(folder, "search", question, "--json", *arguments)
    assert done.returncode in (0, 5), (done.returncode, done.stderr)
    return [hit["document"]["path"] for hit in json.loads(done.stdout)["hits"]]


def free_port() -> int:
    """A port on loopback that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def listening(
    command: list[str], url: str, folder: Path, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """A server process, from the moment `url` answers 200 until the end of the block."""
    with (
        (folder / "server.log").open("w+") as log,
        subprocess.Popen(
            command, cwd=folder, env={**environment(), **more}, stdout=log, stderr=log, text=True
        ) as process,
    ):
        try:
            _wait_for(url, process, folder / "server.log")
            yield process
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own loopback URL
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{url} did not answer: {log.read_text()}")


@contextmanager
def chroma_server(folder: Path) -> Iterator[int]:
    """`chroma run` on a free port of loopback."""
    port = free_port()
    program = str(Path(sys.executable).parent / "chroma")
    command = [program, "run", "--path", str(folder / "data"), "--host", "127.0.0.1"]
    url = f"http://127.0.0.1:{port}/api/v2/heartbeat"
    with listening([*command, "--port", str(port)], url, folder, ANONYMIZED_TELEMETRY="FALSE"):
        yield port
