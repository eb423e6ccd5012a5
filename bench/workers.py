"""Answers a second with one worker and with several, and what each answer costs.

`python -m bench.workers [WORKERS…]`, by default 1 and 2: the sample corpus behind HTTP, eight
clients that keep their connections, each number of workers in turn and three times in the same run.
The times of stages are those that one client meets alone: of a search that shares no core, the time
that passes is nearly the processor time. Prints one JSON document; takes about a minute for each
number.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from bench.sample_service import CONFIG, QUESTIONS, prepare
from bench.serving import free_port, serving_process

_CLIENTS = 8
_ROUNDS = 3
_SECONDS_ALONE = 4.0
_SECONDS = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")
_STAGE = re.compile(r'^runbook_retrieval_stage_seconds_(sum|count){stage="(\w+)"} (\S+)$', re.M)


@dataclass(slots=True)
class Figures:
    """What was measured with one number of workers, over all rounds."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    stages: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rates: list[float] = field(default_factory=list)
    memory_mib: float = 0.0

    def as_json(self) -> Mapping[str, object]:
        answers = len(self.milliseconds)
        p50, p95 = np.percentile(self.milliseconds, [50, 95])
        return {
            "answers_per_second": round(answers / self.seconds, 1),
            "by_round": [round(one, 1) for one in self.rates],
            "p50_ms": round(float(p50), 1),
            "p95_ms": round(float(p95), 1),
            "cpu_ms_per_answer": round(self.cpu_seconds / answers * 1000, 1),
            "cores_used": round(self.cpu_seconds / self.seconds, 2),
            "ms_by_stage_alone": {
                name: round(total["sum"] / total["count"] * 1000, 2)
                for name, total in self.stages.items()
                if total["count"]
            },
            "memory_mib": round(self.memory_mib),
        }


def main() -> None:
    """Measure, and print one JSON document."""
    numbers = [int(one) for one in sys.argv[1:]] or [1, 2]
    figures = {number: Figures() for number in numbers}
    turns = count()
    with tempfile.TemporaryDirectory(prefix="runbook-workers-") as place:
        folder = Path(place)
        key = prepare(folder, CONFIG, {})
        for _ in range(_ROUNDS):
            for number in numbers:
                _measure(folder, key, number, figures[number], turns)
    cores = len(os.sched_getaffinity(0))
    measured = {str(number): one.as_json() for number, one in figures.items()}
    print(json.dumps({"cores": cores, "clients": _CLIENTS, "workers": measured}, indent=1))


def _measure(folder: Path, key: str, workers: int, figures: Figures, turns: count[int]) -> None:
    port = free_port()
    environment = {"RUNBOOK_SERVER__WORKERS": str(workers)}
    with serving_process(folder, port, environment) as owner:
        _ask(port, key, _CLIENTS, 1.0, turns)  # the first questions load what is loaded lazily
        stages = _stages(port)
        _ask(port, key, 1, _SECONDS_ALONE, turns)
        for name, total in _stages(port).items():
            figures.stages[name].update(total)
            figures.stages[name].subtract(stages.get(name, Counter()))
        cpu = _cpu_seconds(owner)
        started = time.monotonic()
        taken = _ask(port, key, _CLIENTS, _SECONDS, turns)
        seconds = time.monotonic() - started
        figures.milliseconds += taken
        figures.seconds += seconds
        figures.rates.append(len(taken) / seconds)
        figures.cpu_seconds += _cpu_seconds(owner) - cpu
        figures.memory_mib = max(figures.memory_mib, _memory_mib(owner))


def _ask(port: int, key: str, clients: int, seconds: float, turns: count[int]) -> list[float]:
    """What each answer took in milliseconds; no two questions are the same, so none is cached."""
    taken: list[float] = []
    ends = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < ends:
            turn = next(turns)
            body = json.dumps({"query": f"{QUESTIONS[turn % len(QUESTIONS)]} ({turn})"})
            started = time.monotonic()
            connection.request("POST", "/v1/search", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"an answer with status {answer.status}")
            taken.append((time.monotonic() - started) * 1000)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _stages(port: int) -> Mapping[str, Counter[str]]:
    """The sum of seconds and the count of each stage of searches until now."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    stages: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, stage, value in _STAGE.findall(text):
        stages[stage][kind] += float(value)  # type: ignore[assignment] # a counter of floats
    return stages


def _processes(pid: int) -> Sequence[int]:
    """A process and all that it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    return [pid, *(one for child in children for one in _processes(int(child)))]


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    def ticks(pid: int) -> int:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    return sum(map(ticks, _processes(process.pid))) / _TICKS


def _memory_mib(process: subprocess.Popen[bytes]) -> float:
    """What all processes hold, a page that several share counted once."""

    def proportional(pid: int) -> int:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
        return int(re.findall(r"^Pss:\s+(\d+) kB", text, re.M)[0])

    return sum(map(proportional, _processes(process.pid))) / 1024


if __name__ == "__main__":
    main()
