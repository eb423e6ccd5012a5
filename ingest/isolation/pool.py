"""A few child processes that read files, reused from file to file and from run to run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from ingest.isolation.limits import FailureKind, ReadingFailed, ReadLimits
from ingest.isolation.process import Chunking, ReadingProcess, Request
from rag.errors import Cancelled, QuarantineError, WorkerError

Key = TypeVar("Key")
Value = TypeVar("Value")

_PROCESSES = 2
# A message costs a fraction of a millisecond, a small document one or two.
_BATCH_FILES = 16
_BATCH_BYTES = 256 * 1024


class ReaderPool:
    """Reads files in child processes; `on_failure` hears of each file that went over a limit.

    A process that a file has ended is replaced, and the files behind it are read by the next.
    """

    def __init__(
        self,
        limits: ReadLimits,
        on_failure: Callable[[FailureKind], None] = lambda _: None,
        processes: int = _PROCESSES,
    ) -> None:
        self.limits = limits
        self._on_failure = on_failure
        self._ahead = processes + 1
        self._lock = threading.Lock()
        self._idle: list[ReadingProcess] = []
        self._busy: set[ReadingProcess] = set()
        self._closed = False
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="reading")

    def start(self) -> None:
        """Start one process in the background."""
        self._keep(ReadingProcess(self.limits))

    def read(
        self,
        requests: Iterable[tuple[Key, Request[Value]]],
        chunking: Callable[[], Chunking] | None = None,
    ) -> Iterator[tuple[Key, Value | QuarantineError]]:
        """Each key with what came of its request, in their order.

        `requests` is taken from as there is room, in the caller's thread. Raises WorkerError where
        no process can be started.
        """
        pending: deque[tuple[list[Key], Future[list[Value | QuarantineError]]]] = deque()
        try:
            for batch in _batches(requests):
                asked = [request for _, request in batch]
                work = self._threads.submit(self._answers, asked, chunking)
                pending.append(([key for key, _ in batch], work))
                if len(pending) >= self._ahead:
                    yield from _next(pending)
            while pending:
                yield from _next(pending)
        finally:
            for _, work in pending:
                work.cancel()

    def close(self) -> None:
        """End every process; what is being read is given up."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for process in self._busy:
                process.interrupt()
        self._threads.shutdown(cancel_futures=True)
        for process in idle:
            process.close()

    def _answers(
        self, requests: Sequence[Request[Value]], chunking: Callable[[], Chunking] | None
    ) -> list[Value | QuarantineError]:
        wanted = chunking() if chunking is not None else None
        answers: list[Value | QuarantineError] = []
        while len(answers) < len(requests):
            with self._process() as process:
                process.prepare(wanted)
                try:
                    for answer in process.read(requests[len(answers) :]):
                        answers.append(answer)
                except ReadingFailed as failure:
                    self._refuse_if_closed()
                    process.kill()
                    self._on_failure(failure.kind)
                    answers.append(failure)
        return answers

    @contextmanager
    def _process(self) -> Iterator[ReadingProcess]:
        """A process for one batch; kept for the next one if it is sound and small."""
        process = self._take()
        try:
            yield process
        except BaseException as error:
            process.kill()
            if isinstance(error, WorkerError):
                self._refuse_if_closed()
            raise
        finally:
            with self._lock:
                self._busy.discard(process)
        if process.resident_mib <= self.limits.memory_mib // 2:
            self._keep(process)
        else:
            process.close()

    def _take(self) -> ReadingProcess:
        with self._lock:
            self._refuse_if_closed()
            process = self._idle.pop() if self._idle else ReadingProcess(self.limits)
            self._busy.add(process)
            return process

    def _keep(self, process: ReadingProcess) -> None:
        with self._lock:
            if process.alive and not self._closed:
                self._idle.append(process)
                return
        process.close()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise Cancelled("the process that reads documents ends")


def _next(
    pending: deque[tuple[list[Key], Future[list[Value | QuarantineError]]]],
) -> Iterator[tuple[Key, Value | QuarantineError]]:
    keys, work = pending.popleft()
    return zip(keys, work.result(), strict=True)


def _batches(
    requests: Iterable[tuple[Key, Request[Value]]],
) -> Iterator[list[tuple[Key, Request[Value]]]]:
    batch: list[tuple[Key, Request[Value]]] = []
    size = 0
    for item in requests:
        if batch and (len(batch) == _BATCH_FILES or size + len(item[1].data) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item[1].data)
    if batch:
        yield batch
