"""Workers are started, replaced, stopped, and never outlive their owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.http_bench import wait_until
from tests.processes import ROOT, environment


class Owner:
    """A running `tests.small_owner`; `said` has its lines so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []

    def read_until(self, beginning: str, times: int = 1) -> list[str]:
        """Read lines until so many of those that are still to come begin like that."""
        found: list[str] = []
        assert self.process.stdout is not None
        while len(found) < times:
            line = self.process.stdout.readline().strip()
            assert line, self.said
            self.said.append(line)
            found += [line] if line.startswith(beginning) else []
        return found

    def workers(self) -> dict[int, int]:
        """The processes of the workers that have said that they are ready, by place."""
        ready = (line.split() for line in self.said if line.startswith("ready"))
        return {int(words[1]): int(words[2]) for words in ready}


@contextmanager
def owner(*arguments: str) -> Iterator[Owner]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.small_owner", *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield Owner(process)
        finally:
            process.kill()


def is_running(pid: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False


def test_a_killed_worker_is_replaced_and_a_stop_reaches_all() -> None:
    with owner() as running:
        running.read_until("ready", times=2)
        killed = running.workers()[1]
        os.kill(killed, signal.SIGKILL)
        [again] = running.read_until("ready 1")
        assert again == f"ready 1 {running.workers()[1]} True"
        assert running.workers()[1] != killed
        running.process.send_signal(signal.SIGTERM)
        running.read_until("over")
        assert {"stopping", "stopped 0 True", "stopped 1 True"} <= set(running.said)
        assert running.said.count("ended 1") == 2
        assert running.process.wait(20) == 0


def test_what_workers_send_arrives() -> None:
    with owner() as running:
        running.read_until("job", times=2)


def test_an_interrupt_stops_workers_without_a_drain() -> None:
    with owner() as running:
        running.read_until("ready", times=2)
        running.process.send_signal(signal.SIGINT)
        running.read_until("over")
        assert {"stopped 0 False", "stopped 1 False"} <= set(running.said)


def test_a_killed_owner_takes_its_workers_with_it() -> None:
    with owner() as running:
        running.read_until("ready", times=2)
        workers = running.workers().values()
        assert all(is_running(pid) for pid in workers)
        running.process.kill()
        running.process.wait(20)
        wait_until(lambda: not any(is_running(pid) for pid in workers))


def test_a_service_whose_workers_cannot_start_ends_and_says_so() -> None:
    with owner("fail") as running:
        [failure] = running.read_until("failed")
        assert "did not start" in failure
        assert running.process.wait(20) == 1
