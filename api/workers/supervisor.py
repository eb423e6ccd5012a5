"""Starts the workers of a service, restarts those that end, and stops all of them."""

from __future__ import annotations

import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Protocol, cast

from api.workers.messages import AllWarm, FromOwner, FromWorker, IndexOpened, Stop, Warmed
from rag.errors import ServiceNotStarted

# A worker that lived this long is restarted as if it had never failed.
_HEALTHY_SECONDS = 60.0
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0

log = logging.getLogger(__name__)


class StartWorker(Protocol):
    """Starts a process with its end of a pipe; `restarted` when it replaces one that ended."""

    def __call__(self, place: int, connection: Connection, *, restarted: bool) -> BaseProcess: ...


@dataclass(frozen=True, slots=True)
class WorkerEvents:
    """What the owner does about its workers. All are called in the thread of `Supervisor.run`.

    `received` gets every message but `Warmed`; `ended` gets the place of a worker that has ended;
    `stopping` is called once, before the workers are stopped.
    """

    received: Callable[[FromWorker], None]
    ended: Callable[[int], None]
    stopping: Callable[[], None]


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    started: float
    is_connected: bool = True


class Supervisor:
    """`count` workers, each with a place from 0; they get `stop_seconds` to end by themselves."""

    def __init__(
        self, count: int, start: StartWorker, events: WorkerEvents, stop_seconds: float
    ) -> None:
        self._count = count
        self._start_process = start
        self._events = events
        self._stop_seconds = stop_seconds
        self._workers: dict[int, _Worker] = {}
        self._restarts: dict[int, float] = {}  # when, by place
        self._failures = [0] * count
        self._cold = set(range(count))
        self._index: IndexOpened | None = None
        self._is_index_announced = False
        self._signals: list[int] = []
        self._kill_at: float | None = None
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_writer.setblocking(False)

    def index_opened(self, result: IndexOpened) -> None:
        """Let the workers open the index; may be called in any thread."""
        self._index = result
        self._wake()

    def run(self) -> None:
        """Until SIGTERM or SIGINT, which is passed on to the workers, and the end of all of them.

        Raises ServiceNotStarted when a worker fails before all of them have been warm.
        """
        try:
            with self._handled_signals():
                for place in range(self._count):
                    self._start(place, restarted=False)
                while self._workers or self._kill_at is None:
                    self._handle(wait(self._waited_for(), self._seconds_left()))
        finally:
            self._end_all()

    def _handle(self, ready: list[Any]) -> None:
        if self._wake_reader in ready:
            self._wake_reader.recv(4096)
        for place, worker in list(self._workers.items()):
            if worker.connection in ready:
                self._receive(place, worker)
            if worker.process.sentinel in ready:
                self._note_end(place, worker)
        self._announce_index()
        self._pass_on_signals()
        self._restart_due()
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_all()

    def _start(self, place: int, *, restarted: bool) -> None:
        ours, theirs = Pipe()
        process = self._start_process(place, theirs, restarted=restarted)
        theirs.close()
        worker = self._workers[place] = _Worker(process, ours, time.monotonic())
        if self._is_index_announced and self._index is not None:
            self._send(worker, self._index)
        if not self._cold:
            self._send(worker, AllWarm())

    def _receive(self, place: int, worker: _Worker) -> None:
        try:
            message = cast(FromWorker, worker.connection.recv())
        except (EOFError, OSError):  # its process is about to end
            worker.is_connected = False
            return
        if isinstance(message, Warmed):
            self._note_warm(place)
        else:
            self._events.received(message)

    def _note_warm(self, place: int) -> None:
        if self._cold:
            self._cold.discard(place)
            if not self._cold:
                for worker in self._workers.values():
                    self._send(worker, AllWarm())

    def _note_end(self, place: int, worker: _Worker) -> None:
        worker.process.join()
        with suppress(OSError):  # what it sent last
            while worker.is_connected and worker.connection.poll():
                self._receive(place, worker)
        worker.connection.close()
        del self._workers[place]
        self._events.ended(place)
        code = worker.process.exitcode or 0
        if self._kill_at is not None:
            return
        if self._cold and code > 0:
            raise ServiceNotStarted(
                f"worker {place} did not start: mend what the log above names, and start again"
            )
        lived = time.monotonic() - worker.started
        self._failures[place] = 0 if lived >= _HEALTHY_SECONDS else self._failures[place] + 1
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** max(0, self._failures[place] - 1))
        log.error("worker %d %s, and is restarted in %.1f s", place, _ending(code), delay)
        self._restarts[place] = time.monotonic() + delay

    def _restart_due(self) -> None:
        for place, at in list(self._restarts.items()):
            if time.monotonic() >= at:
                del self._restarts[place]
                self._start(place, restarted=not self._cold)

    def _announce_index(self) -> None:
        if self._index is not None and not self._is_index_announced:
            self._is_index_announced = True
            for worker in self._workers.values():
                self._send(worker, self._index)

    def _send(self, worker: _Worker, message: FromOwner) -> None:
        with suppress(OSError):  # its process is about to end
            worker.connection.send(message)

    def _pass_on_signals(self) -> None:
        while self._signals:
            received, is_first = self._signals.pop(0), self._kill_at is None
            if is_first:
                self._kill_at = time.monotonic() + self._stop_seconds
                self._restarts.clear()
                self._events.stopping()
            stop = Stop(drains=is_first and received == signal.SIGTERM)
            for worker in self._workers.values():
                self._send(worker, stop)

    def _kill_all(self) -> None:
        for place, worker in self._workers.items():
            log.error("worker %d did not end in time, and is killed", place)
            worker.process.kill()
        self._kill_at = time.monotonic() + self._stop_seconds

    def _end_all(self) -> None:
        """End what is left after an error; nothing after a stop."""
        for worker in self._workers.values():
            worker.process.kill()
            worker.process.join()
            worker.connection.close()
        self._workers.clear()

    def _waited_for(self) -> list[Any]:
        connections = [one.connection for one in self._workers.values() if one.is_connected]
        sentinels = [one.process.sentinel for one in self._workers.values()]
        return [self._wake_reader, *connections, *sentinels]

    def _seconds_left(self) -> float | None:
        times = [*self._restarts.values()]
        if self._kill_at is not None:
            times.append(self._kill_at)
        return max(0.0, min(times) - time.monotonic()) if times else None

    @contextmanager
    def _handled_signals(self) -> Iterator[None]:
        def note(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)
            self._wake()

        before = {one: signal.signal(one, note) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # it is to wake up already
            self._wake_writer.send(b"\0")


def _ending(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
