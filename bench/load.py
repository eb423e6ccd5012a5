"""What honest callers notice of clients that misuse their connections, and of hostile documents.

`python -m bench.load`: over a running service on loopback, with the sample corpus and a few hostile
documents. Each attack goes on between two quiet spells of the same length, in the same run, so that
the figure that counts is a ratio. Takes about three minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from bench.corpora import ROOT
from bench.hostile_clients import ATTACKS
from bench.sample_service import CONFIG, QUESTIONS, prepare
from bench.serving import free_port, serving_process

_ROUNDS = 2
_SPELL_SECONDS = 8.0
_PACE_SECONDS = 0.1  # an honest caller asks that often, with a connection of its own each time
_CONFIG = f"""\
{CONFIG}[webhooks]
github_secret_env = "BENCH_HOOK"
[slack.groups]
T1 = ["public"]
"""
_SECRETS = {"BENCH_HOOK": "s3cret", "RUNBOOK_SLACK__SIGNING_SECRET": "0123456789abcdef"}


@dataclass(slots=True)
class Spell:
    """What honest callers met in one condition: milliseconds, and failures."""

    searches: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    failed: int = 0

    def compared_to(self, quiet: Spell) -> Mapping[str, float]:
        """The figures, with the ratio to the quiet spells around."""
        p50, p95 = np.percentile(self.searches, [50, 95])
        return {
            "searches": len(self.searches),
            "failed": self.failed,
            "p50_ms": round(float(p50), 1),
            "p95_ms": round(float(p95), 1),
            "quiet_p95_ms": round(float(np.percentile(quiet.searches, 95)), 1),
            "p95_to_quiet": round(float(p95 / np.percentile(quiet.searches, 95)), 2),
            "healthz_max_ms": round(max(self.health), 1),
            "quiet_healthz_max_ms": round(max(quiet.health), 1),
        }


def main() -> None:
    """Measure, and print one JSON document."""
    with tempfile.TemporaryDirectory(prefix="runbook-load-") as place, ExitStack() as stack:
        folder = Path(place)
        key = prepare(folder, _CONFIG, _SECRETS, _hostile_documents())
        port = free_port()
        stack.enter_context(serving_process(folder, port, _SECRETS))
        print(json.dumps(_measured(port, key), indent=1))


def _measured(port: int, key: str) -> Mapping[str, Mapping[str, float]]:
    """Quiet and attack in turn; a quiet spell stands beside every attack."""
    _spell(port, key, Spell())  # the first questions load what is loaded lazily
    quiet = {name: Spell() for name in ATTACKS}
    attacked = {name: Spell() for name in ATTACKS}
    for _ in range(_ROUNDS):
        for name in ATTACKS:
            _spell(port, key, quiet[name])
            with _attack(name, port, key):
                _spell(port, key, attacked[name])
    return {name: attacked[name].compared_to(quiet[name]) for name in ATTACKS}


@contextmanager
def _attack(name: str, port: int, key: str) -> Iterator[None]:
    """An attack by a process of its own, from when it says that it has begun."""
    command = [sys.executable, "-m", "bench.hostile_clients", name, str(port), key]
    with subprocess.Popen(  # noqa: S603 - this project's own module
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError(f"the attack {name!r} did not begin")
            yield
        finally:
            process.terminate()


def _spell(port: int, key: str, into: Spell) -> None:
    base, ends = f"http://127.0.0.1:{port}", time.monotonic() + _SPELL_SECONDS
    headers = {"Authorization": f"Bearer {key}"}

    def search(turn: int) -> None:
        body = {"query": f"{QUESTIONS[turn % len(QUESTIONS)]} ({time.monotonic()})"}
        answer = httpx.post(f"{base}/v1/search", json=body, headers=headers, timeout=30)
        answer.raise_for_status()

    def health(_: int) -> None:
        httpx.get(f"{base}/healthz", timeout=30).raise_for_status()

    threads = [
        threading.Thread(target=_paced, args=(search, ends, into.searches, into)),
        threading.Thread(target=_paced, args=(health, ends, into.health, into)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _paced(ask: Callable[[int], None], ends: float, taken: list[float], spell: Spell) -> None:
    turn = 0
    while time.monotonic() < ends:
        started = time.monotonic()
        try:
            ask(turn)
        except httpx.HTTPError:
            spell.failed += 1
        taken.append((time.monotonic() - started) * 1000)
        turn += 1
        time.sleep(max(0.0, started + _PACE_SECONDS - time.monotonic()))


def _hostile_documents() -> Sequence[tuple[str, str]]:
    """Documents whose answers once froze the service, each about the potoroo worker."""
    title = "# How to restart the potoroo worker\n\n"
    step = "1. Restart the potoroo worker when the potoroo queue is stuck. " + "A. " * 15_000
    return (
        ("step.md", f"{title}{step}\n"),
        ("capitals.md", f"{title}The potoroo worker {'A' * 40_000}\n"),
        ("links.md", f"{title}Restart the potoroo worker {'[a](' * 10_000}\n"),
        ("roles.md", title + "system: restart the potoroo worker\n" * 2_000),
    )


if __name__ == "__main__":
    main()
