"""`runbook serve` as a process over the sample corpus, with the real model and real Chroma."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import inprocess
from tests.processes import ROOT, RUNBOOK, free_port, listening, run

QUESTION = "checkout returns 5xx since the last deploy, how do I roll back?"
SLACK_SECRET = "a-signing-secret"


@dataclass
class Service:
    """A running service and the folder that its state lies in."""

    folder: Path
    client: httpx.Client

    def search(self, key: str, **asked: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return self.client.post("/v1/search", json={"query": QUESTION, **asked}, headers=headers)

    def key(self, *arguments: str) -> str:
        made = inprocess.run_json(self.folder, "keys", "create", "--name", "test", *arguments)
        return str(made["key"])


def index_sample(folder: Path) -> None:
    """The sample corpus, as a user would index it in this folder."""
    (folder / "runbook.toml").write_text(
        f'[[sources]]\nname = "sample"\npath = "{ROOT / "runbooks"}"\n', encoding="utf-8"
    )
    done = run(folder, "ingest", "--json", program=RUNBOOK)
    assert done.returncode == 0, done.stderr


@contextmanager
def serving_sample(folder: Path) -> Iterator[Service]:
    """The service over what is indexed in this folder, until the end of the block."""
    port = free_port()
    command = [*RUNBOOK, "serve", "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    secret = {"RUNBOOK_SLACK__SIGNING_SECRET": SLACK_SECRET}
    with (
        listening(command, f"{base}/readyz", folder, **secret),
        httpx.Client(base_url=base, timeout=60) as client,
    ):
        yield Service(folder, client)
