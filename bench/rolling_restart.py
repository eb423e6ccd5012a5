"""`python -m bench.rolling_restart`: requests that fail while two processes are restarted in turn.

Two services share one catalog and a Chroma server; haproxy (Debian's package) sends each request to
one that is ready. Clients search and ask without a pause. Each process gets SIGTERM, ends, is
started again and is ready before the next one follows.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from bench.serving import free_port

_RUNBOOK = str(Path(sys.executable).with_name("runbook"))
_CHROMA = str(Path(sys.executable).with_name("chroma"))
_SAMPLE = Path(__file__).parents[1] / "runbooks"
_DRAIN_SECONDS = 4
_CLIENTS = 4
_READY_WITHIN = 300
_QUESTIONS = (
    "roll back a bad deploy",
    "kafka consumer lag",
    "postgres failover",
    "certificate expiry",
)

_PROXY = """
global
    maxconn 200
defaults
    mode http
    timeout connect 2s
    timeout client 90s
    timeout server 90s
    timeout check 5s
    option redispatch
    retries 2
    retry-on conn-failure empty-response
frontend front
    bind 127.0.0.1:{port}
    default_backend services
backend services
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 500ms fall 1 rise 1
    server one 127.0.0.1:{one}
    server two 127.0.0.1:{two}
"""


@contextmanager
def _process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with (
        (folder / "output.log").open("ab") as log,
        subprocess.Popen(  # noqa: S603 - this project's own commands, and haproxy
            command, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def _wait(url: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=10).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{url} did not answer within {_READY_WITHIN} seconds")


class Load:
    """Clients that search, and every fourth time ask, until they are stopped."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as clients:
            for number in range(_CLIENTS):
                clients.create_task(self._client(number))

    def stop(self) -> None:
        self._stopped.set()

    async def _client(self, number: int) -> None:
        async with httpx.AsyncClient(headers=self._headers, timeout=120) as client:
            while not self._stopped.is_set():
                number += 1
                path = "/v1/ask" if number % 4 == 0 else "/v1/search"
                body = {"query": _QUESTIONS[number % len(_QUESTIONS)]}
                begun = time.monotonic()
                try:
                    answer = await client.post(f"{self._url}{path}", json=body)
                    self.outcomes[f"{path} {answer.status_code}"] += 1
                except httpx.HTTPError as error:
                    self.outcomes[f"{path} {type(error).__name__}"] += 1
                self.slowest = max(self.slowest, time.monotonic() - begun)


async def measure(rounds: int) -> None:
    """Restart both processes `rounds` times under load, and print what became of the requests."""
    if shutil.which("haproxy") is None:
        raise SystemExit("haproxy is not installed: apt-get install haproxy")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        chroma, proxy, one, two = (free_port() for _ in range(4))
        environment = {
            "RUNBOOK_VECTORS__MODE": "http",
            "RUNBOOK_VECTORS__PORT": str(chroma),
            "RUNBOOK_SERVER__DRAIN_SECONDS": str(_DRAIN_SECONDS),
        }
        command = [_CHROMA, "run", "--path", "vectors", "--port", str(chroma)]
        stack.enter_context(_process(command, folder, {}))
        _wait(f"http://127.0.0.1:{chroma}/api/v2/heartbeat")
        key = _prepare(folder, {**os.environ, **environment})

        def serve(port: int) -> subprocess.Popen[bytes]:
            started = [_RUNBOOK, "serve", "--port", str(port)]
            process = stack.enter_context(_process(started, folder, environment))
            _wait(f"http://127.0.0.1:{port}/readyz")
            return process

        running = {port: serve(port) for port in (one, two)}
        (folder / "haproxy.cfg").write_text(_PROXY.format(port=proxy, one=one, two=two))
        stack.enter_context(_process(["haproxy", "-f", "haproxy.cfg"], folder, {}))
        _wait(f"http://127.0.0.1:{proxy}/readyz")
        load = Load(f"http://127.0.0.1:{proxy}", key)
        loading = asyncio.create_task(load.run())
        begun = time.monotonic()
        for _ in range(rounds):
            for port in (one, two):
                running[port].send_signal(signal.SIGTERM)
                code = await asyncio.to_thread(running[port].wait, 180)
                print(f"ended with {code}; so far {dict(load.outcomes)}", flush=True)
                running[port] = await asyncio.to_thread(serve, port)
                await asyncio.sleep(2)  # until the proxy has seen it
        load.stop()
        await loading
    _report(load, 2 * rounds, time.monotonic() - begun)


def _prepare(folder: Path, environment: Mapping[str, str]) -> str:
    (folder / "runbook.toml").write_text(
        f'[[sources]]\nname = "sample"\npath = "{_SAMPLE}"\nacl = ["public"]\n', encoding="utf-8"
    )

    def run(*arguments: str) -> str:
        return subprocess.run(  # noqa: S603 - this project's own command
            [_RUNBOOK, *arguments],
            cwd=folder,
            env=dict(environment),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    run("ingest")
    return run("keys", "create", "--name", "load", "--group", "team:platform").strip()


def _report(load: Load, restarts: int, seconds: float) -> None:
    failed = sum(count for name, count in load.outcomes.items() if not name.endswith(" 200"))
    print(f"{restarts} restarts in {seconds:.0f} s, {_CLIENTS} clients, drain {_DRAIN_SECONDS} s")
    for name, count in sorted(load.outcomes.items()):
        print(f"{name}: {count}")
    print(f"failed: {failed} of {sum(load.outcomes.values())}; slowest {load.slowest:.1f} s")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 2))
