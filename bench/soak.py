"""A service under everything at once: a changing checkout, clients, kills, and two generations.

`python -m bench soak [--minutes N]` runs it with real processes and the real model, and writes
docs/soak.md.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.changing_checkout import WORDS, Change, ChangingCheckout, stamps_in

_CONFIG = """\
[[sources]]
name = "docs"
path = "docs"

[ingest]
watch = true
reconcile_seconds = 30

[limits]
requests_per_minute = 1000000
concurrent = 64

[log]
level = "warning"
"""
_PERSONAS: dict[str, tuple[str, ...]] = {"a": ("team:a",), "b": ("team:b",), "c": ("team:c",)}
_PAUSE = 0.05
_GIVEN_UP = 60.0
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds, but for counts; `program` starts `runbook`."""

    seconds: float = 600.0
    kill_every: float = 60.0
    clients: int = 16
    pages: int = 60
    build: tuple[str, ...] = ("--max-tokens", "192")
    program: tuple[str, ...] = (str(Path(sys.executable).with_name("runbook")),)


@dataclass
class Seen:
    """What the soak counted; every list of violations must stay empty."""

    requests: int = 0
    excused: int = 0
    kills: int = 0
    commits: dict[str, int] = field(default_factory=dict)
    searchable: list[float] = field(default_factory=list)
    gone: list[float] = field(default_factory=list)
    cut_off: int = 0
    restarts: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    generations: dict[str, float] = field(default_factory=dict)
    memory_mib: float = 0.0
    disk_mib: float = 0.0
    latency_ms: list[float] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        return [*self.failed, *self.torn, *self.forbidden, *self.unequal]


class Server:
    """The service's process; `epoch` rises with each kill, and `up` says that it answers."""

    def __init__(self, folder: Path, program: Sequence[str]) -> None:
        self.folder = folder
        self.program = program
        self.epoch = 0
        self.up = threading.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (folder / "server.log").open("a", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Seconds until it answers; tried again while a command owns the index."""
        started = time.monotonic()
        while time.monotonic() - started < _START_SECONDS:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*self.program, "serve", "--port", str(self.port)],
                cwd=self.folder,
                stdout=self._log,
                stderr=self._log,
            )
            if self._answers():
                self.up.set()
                return time.monotonic() - started
        raise RuntimeError(f"the service does not start: see {self.folder / 'server.log'}")

    def kill(self) -> None:
        self.up.clear()
        self.epoch += 1
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        self.up.clear()
        self.epoch += 1
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)
        self._log.close()

    def resident_mib(self) -> float:
        if self._process is None:
            return 0.0
        with suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
            for line in status.splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def _answers(self) -> bool:
        while self._process is not None and self._process.poll() is None:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return True
            time.sleep(0.02)
        return False


class Soak:
    """One run in an empty folder."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._seen = Seen()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._checkout = ChangingCheckout(folder / "docs", random.Random(1))
        self._server = Server(folder, plan.program)
        self._keys: dict[str, str] = {}

    def run(self) -> Seen:
        self._prepare()
        self._server.start()
        threads = [
            threading.Thread(target=self._client, args=(number,), name=f"client-{number}")
            for number in range(self._plan.clients)
        ]
        threads += [threading.Thread(target=work) for work in (self._edit, self._kill)]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + self._plan.seconds
        self._generate()
        self._over.wait(max(0.0, ends - time.monotonic()))
        self._over.set()
        for thread in threads:
            thread.join()
        self._compare()
        return self._seen

    def _prepare(self) -> None:
        (self._folder / "runbook.toml").write_text(_CONFIG, encoding="utf-8")
        self._checkout.begin(self._plan.pages)
        self._runbook("ingest")
        for name, groups in _PERSONAS.items():
            given = [part for group in groups for part in ("--group", group)]
            self._keys[name] = self._runbook("keys", "create", "--name", name, *given)["key"]
        made = self._runbook("keys", "create", "--name", "admin", "--right", "admin")
        self._keys["admin"] = made["key"]

    def _runbook(self, *arguments: str) -> Any:
        done = subprocess.run(  # noqa: S603 - our own program
            [*self._plan.program, *arguments, "--json"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"runbook {' '.join(arguments)}: {done.stderr[-500:]}")
        return json.loads(done.stdout)

    def _client(self, number: int) -> None:
        rng = random.Random(number)
        name = sorted(_PERSONAS)[number % len(_PERSONAS)]
        may = {*_PERSONAS[name], "public"}
        while not self._over.is_set():
            if not self._server.up.wait(0.1):
                continue
            epoch = self._server.epoch
            with self._http(name) as client:
                while self._server.epoch == epoch and not self._over.is_set():
                    self._ask(client, rng, may, epoch)
                    time.sleep(_PAUSE)

    def _ask(self, client: httpx.Client, rng: random.Random, may: set[str], epoch: int) -> None:
        question = f"restart the {rng.choice(WORDS)} {rng.choice(WORDS)}"
        answer = self._request(client, epoch, "POST", "/v1/search", json={"query": question})
        if answer is None:
            return
        texts: dict[str, str] = {}
        for hit in answer["hits"]:
            identity = hit["document"]["id"]
            texts[identity] = texts.get(identity, "") + hit["text"]
        if texts and rng.random() < 0.2:
            identity = rng.choice(sorted(texts))
            whole = self._request(client, epoch, "GET", f"/v1/documents/{identity}")
            if whole is not None:
                texts[f"{identity} whole"] = "".join(one["text"] for one in whole["chunks"])
        for identity, text in texts.items():
            self._judge(identity, text, may)

    def _judge(self, identity: str, text: str, may: set[str]) -> None:
        stamps = stamps_in(text)
        with self._lock:
            if len(stamps) > 1:
                self._seen.torn.append(f"{identity}: {sorted(stamp for stamp, _ in stamps)}")
            for stamp, readers in stamps:
                if not readers & may:
                    self._seen.forbidden.append(f"{identity} {stamp} for {sorted(may)}")

    def _request(
        self, client: httpx.Client, epoch: int, method: str, path: str, **more: Any
    ) -> Any | None:
        started = time.monotonic()
        try:
            answer = client.request(method, path, **more)
            wrong = "" if answer.status_code in (200, 404) else f"{answer.status_code}"
        except httpx.HTTPError as error:
            wrong, answer = type(error).__name__, None
        with self._lock:
            self._seen.requests += 1
            if not wrong:
                self._seen.latency_ms.append(1000 * (time.monotonic() - started))
            elif self._server.epoch != epoch:
                self._seen.excused += 1
            else:
                self._seen.failed.append(f"{method} {path.split('/')[2]}: {wrong}")
        return answer.json() if answer is not None and answer.status_code == 200 else None

    def _http(self, name: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._keys[name]}"}
        return httpx.Client(base_url=self._server.url, headers=headers, timeout=30)

    def _edit(self) -> None:
        rng = random.Random(2)
        while not self._over.is_set():
            for _ in range(rng.randrange(4)):
                self._count(self._checkout.change())
            change = self._checkout.change()
            committed = time.monotonic()
            self._count(change)
            self._probe(change, committed)
            time.sleep(rng.uniform(0.0, 0.3))

    def _count(self, change: Change) -> None:
        self._seen.commits[change.kind] = self._seen.commits.get(change.kind, 0) + 1

    def _probe(self, change: Change, committed: float) -> None:
        """Ask until the commit shows: how long it took counts where no kill came between."""
        if not self._server.up.wait(_START_SECONDS):
            return
        epoch = self._server.epoch
        with self._http("admin") as client:
            while self._server.epoch == epoch and time.monotonic() - committed < _GIVEN_UP:
                token = change.appears or change.vanishes
                if token is None:
                    return
                body = {"query": token, "mode": "lexical", "k": 5}
                answer = self._request(client, epoch, "POST", "/v1/search", json=body)
                there = answer is not None and any(token in hit["text"] for hit in answer["hits"])
                if answer is not None and there == (change.appears is not None):
                    lag = time.monotonic() - committed
                    (self._seen.searchable if change.appears else self._seen.gone).append(lag)
                    return
                time.sleep(0.02)
        if self._server.epoch != epoch:
            self._seen.cut_off += 1
        else:
            self._seen.unequal.append(f"{change} did not show within {_GIVEN_UP} s")

    def _kill(self) -> None:
        while not self._over.wait(self._plan.kill_every):
            self._seen.memory_mib = max(self._seen.memory_mib, self._server.resident_mib())
            self._server.kill()
            self._seen.kills += 1
            self._seen.restarts.append(self._server.start())
        self._seen.memory_mib = max(self._seen.memory_mib, self._server.resident_mib())

    def _generate(self) -> None:
        """Build a second generation under the load, promote it, and take it back."""
        try:
            time.sleep(self._plan.seconds * 0.2)
            built = self._timed("build", "index", "build", *self._plan.build)
            self._timed("promote", "index", "promote", str(built["generation"]))
            time.sleep(self._plan.seconds * 0.2)
            self._timed("rollback", "index", "rollback")
        except RuntimeError as error:
            self._seen.failed.append(str(error))

    def _timed(self, name: str, *arguments: str) -> Any:
        started = time.monotonic()
        output = self._runbook(*arguments)
        self._seen.generations[name] = time.monotonic() - started
        return output

    def _compare(self) -> None:
        """What is served at the end against an index made from the same files alone."""
        with self._http("admin") as client:
            job = client.post("/v1/reindex").json()["job"]
            while not client.get(f"/v1/jobs/{job}").json()["finished_at"]:
                time.sleep(0.1)
        self._server.stop()
        state = self._folder / ".runbook"
        files = [file for file in state.rglob("*") if file.is_file() and "models" not in file.parts]
        self._seen.disk_mib = sum(file.stat().st_size for file in files) / 2**20
        verified = self._runbook("index", "verify")
        self._seen.unequal += verified["problems"]
        soaked = served(self._folder)
        clean = self._folder / "clean"
        clean.mkdir()
        shutil.copytree(self._folder / "docs", clean / "docs", symlinks=True)
        (clean / "runbook.toml").write_text(_CONFIG, encoding="utf-8")
        if (state / "models").is_dir():
            shutil.copytree(state / "models", clean / ".runbook" / "models")
        subprocess.run(  # noqa: S603 - our own program
            [*self._plan.program, "ingest"], cwd=clean, check=True, capture_output=True
        )
        expected = served(clean)
        for key in sorted(soaked.keys() | expected.keys()):
            if soaked.get(key) != expected.get(key):
                self._seen.unequal.append(f"{key} differs from a clean index")


def served(folder: Path) -> dict[str, Any]:
    """Every chunk that is served, by path and ordinal, without the numbers of its own index."""
    import sqlite3

    query = """
        SELECT v.path, c.ordinal, a.tags, v.title, v.revision, v.updated, v.content_hash, c.text,
               c.first_line, c.last_line
        FROM versions v JOIN acl_sets a ON a.id = v.acl_set
        JOIN generations g ON g.id = v.generation AND g.state = 'serving'
        LEFT JOIN chunks c ON c.version = v.id
        WHERE v.state = 'active'
    """
    catalog = sqlite3.connect(folder / ".runbook" / "catalog.db")
    try:
        return {f"{row[0]}#{row[1]}": row[2:] for row in catalog.execute(query)}
    finally:
        catalog.close()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which so large a share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def figures(seen: Seen, plan: Plan) -> dict[str, Any]:
    """What the page of the docs shows."""
    return {
        "minutes": round(plan.seconds / 60, 1),
        "clients": plan.clients,
        "requests": seen.requests,
        "excused": seen.excused,
        "failed": len(seen.failed),
        "torn": len(seen.torn),
        "forbidden": len(seen.forbidden),
        "unequal": len(seen.unequal),
        "kills": seen.kills,
        "restart p50": statistics.median(seen.restarts) if seen.restarts else float("nan"),
        "commits": seen.commits,
        "probes": len(seen.searchable) + len(seen.gone),
        "cut_off": seen.cut_off,
        "searchable p50": percentile(seen.searchable, 0.5),
        "searchable p95": percentile(seen.searchable, 0.95),
        "gone p50": percentile(seen.gone, 0.5),
        "gone p95": percentile(seen.gone, 0.95),
        "latency p50": percentile(seen.latency_ms, 0.5),
        "latency p95": percentile(seen.latency_ms, 0.95),
        "generations": seen.generations,
        "memory": seen.memory_mib,
        "disk": seen.disk_mib,
        "cores": os.cpu_count(),
        "violations": seen.violations[:20],
    }
