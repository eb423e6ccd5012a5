"""How long a change of access takes to count, and whether time tells what answers hide.

`python -m bench.access`: over a running service on loopback, each figure from the moment at which
the change is committed or saved to the first request that goes by it.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api.compose.local import open_catalog
from api.settings import load_settings
from rag.adapters.catalog.keys import KeyStore
from rag.domain.documents import document_id

_TURNS = 15
_PAIRS = 1500
_RUNBOOK = str(Path(sys.executable).with_name("runbook"))
_PAGE = "---\nacl: [{acl}]\n---\n# Page {n}\n\nrestart the turbine of rack {n}\n"


def main() -> None:
    """Measure, and print one JSON document."""
    with tempfile.TemporaryDirectory(prefix="runbook-access-") as place:
        folder = Path(place)
        _prepare(folder)
        with (
            _serving(folder) as client,
            open_catalog(load_settings(folder / "runbook.toml")) as opened,
        ):
            keys = opened.keys
            measured = {
                "key_ms": _spread([_key(client, keys) for _ in range(_TURNS)]),
                "group_ms": _spread([_group(client, keys, folder) for _ in range(_TURNS)]),
                "document_ms": _spread([_document(client, keys, folder) for _ in range(_TURNS)]),
                "not_there_and_not_yours_us": _timing(client, keys),
            }
    print(json.dumps(measured, indent=1))


def _prepare(folder: Path) -> None:
    (folder / "docs").mkdir()
    for number in range(50):
        acl = "team:hidden" if number % 2 else "team:a"
        (folder / f"docs/{number}.md").write_text(_PAGE.format(acl=acl, n=number))
    _configure(folder, [])
    subprocess.run([_RUNBOOK, "ingest"], cwd=folder, check=True, capture_output=True)  # noqa: S603


def _configure(folder: Path, included: list[str]) -> None:
    made = folder / "new.toml"
    made.write_text(
        '[[sources]]\nname = "docs"\npath = "docs"\n[ingest]\nwatch = true\n'
        "[limits]\nrequests_per_minute = 1000000\n"
        f'[groups]\n"role:sre" = {json.dumps(included)}\n'
    )
    made.replace(folder / "runbook.toml")


@contextmanager
def _serving(folder: Path) -> Iterator[httpx.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [_RUNBOOK, "serve", "--port", str(port)]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=os.environ) as process,  # noqa: S603
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        try:
            _until(lambda: _ready(client))
            yield client
        finally:
            process.terminate()


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        time.sleep(0.1)
        return False


def _until(done: Callable[[], bool]) -> float:
    """Milliseconds until it is so."""
    started = time.perf_counter()
    while not done():
        if time.perf_counter() - started > 120:
            raise TimeoutError
    return (time.perf_counter() - started) * 1000


def _listed(client: httpx.Client, key: str) -> httpx.Response:
    return client.get("/v1/documents?limit=200", headers={"Authorization": f"Bearer {key}"})


def _key(client: httpx.Client, keys: KeyStore) -> float:
    made = keys.create("bench", frozenset({"team:a"}))
    _until(lambda: _listed(client, made.key).status_code == 200)
    keys.revoke(made.id)
    return _until(lambda: _listed(client, made.key).status_code == 401)


def _group(client: httpx.Client, keys: KeyStore, folder: Path) -> float:
    made = keys.create("bench", frozenset({"role:sre"}))
    _configure(folder, ["team:a"])
    _until(lambda: bool(_listed(client, made.key).json()["documents"]))
    _configure(folder, [])
    return _until(lambda: not _listed(client, made.key).json()["documents"])


def _document(client: httpx.Client, keys: KeyStore, folder: Path) -> float:
    """From the save of the file on, through a service that watches it."""
    made, page = keys.create("bench", frozenset({"team:a"})), folder / "docs/0.md"
    identity = document_id("docs", "0.md")
    headers = {"Authorization": f"Bearer {made.key}"}

    def status() -> int:
        return client.get(f"/v1/documents/{identity}", headers=headers).status_code

    page.write_text(_PAGE.format(acl="team:a", n=0))
    _until(lambda: status() == 200)
    time.sleep(1)  # the next save is one by itself
    page.write_text(_PAGE.format(acl="team:hidden", n=0))
    return _until(lambda: status() == 404)


def _timing(client: httpx.Client, keys: KeyStore) -> dict[str, float]:
    """Medians of the two in turn, and how far apart half of the pairs lie."""
    made = keys.create("bench", frozenset({"team:a"}))
    headers = {"Authorization": f"Bearer {made.key}"}
    addresses = [
        f"/v1/documents/{document_id('docs', name)}" for name in ("1.md", "never-there.md")
    ]
    taken: list[list[float]] = [[], []]
    for turn in range(_PAIRS):
        for which in (0, 1) if turn % 2 else (1, 0):
            started = time.perf_counter()
            client.get(addresses[which], headers=headers)
            taken[which].append((time.perf_counter() - started) * 1e6)
    yours, there = (statistics.median(times) for times in taken)
    apart = statistics.quantiles([a - b for a, b in zip(*taken, strict=True)], n=4)
    return {
        "not_yours": round(yours),
        "not_there": round(there),
        "quarter": round(apart[0]),
        "three_quarters": round(apart[2]),
    }


def _spread(taken: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(taken), 1), "most": round(max(taken), 1)}


if __name__ == "__main__":
    main()
