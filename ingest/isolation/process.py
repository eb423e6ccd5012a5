"""One child process that reads files, as its parent sees it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from ingest.chunking.chunker import ChunkSettings
from ingest.isolation.frames import ConnectionClosed, FrameTooLarge, Header, receive, send
from ingest.isolation.limits import MIB, FailureKind, ReadLimits, over_limit
from ingest.isolation.readings import decode_as
from rag.errors import QuarantineError, WorkerError
from rag.ports import TokenCounterSource

Value = TypeVar("Value")

_START_SECONDS = 60.0
_STOP_SECONDS = 1.0
# Environment variables that a child inherits: none of them holds a key or a password.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Request(Generic[Value]):
    """A file to read: `item` says as what, and `answer` what type comes of it."""

    item: Header
    data: bytes
    answer: type[Value]


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a child makes chunks."""

    counter: TokenCounterSource
    settings: ChunkSettings


class ReadingProcess:
    """Starts at once and is waited for when it is first asked; not to be shared by threads."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._ready = False
        self._chunking: Chunking | None = None
        self.resident_mib = 0
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                # -P: no module is imported from the working directory, which may be a checkout.
                [sys.executable, "-P", "-m", "ingest.isolation.child"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
                start_new_session=True,
            )
        send(
            self._connection,
            {"do": "limits", "seconds": limits.seconds, "memory_mib": limits.memory_mib},
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def prepare(self, chunking: Chunking | None) -> None:
        """Wait until it has started, and send it the chunk settings. Raises WorkerError."""
        try:
            if not self._ready:
                self._expect_ready()
                self._ready = True
            if chunking is not None and chunking != self._chunking:
                send(self._connection, {"do": "chunking"}, json.dumps(asdict(chunking)).encode())
                self._expect_ready()
                self._chunking = chunking
        except (OSError, ValueError, ConnectionClosed, FrameTooLarge) as error:
            raise WorkerError(
                f"the process that reads documents does not start ({self._ending(error)}); try "
                "`python -m ingest.isolation.child </dev/null` to see why"
            ) from error

    def read(self, requests: Sequence[Request[Value]]) -> Iterator[Value | QuarantineError]:
        """An answer for each request, in their order.

        Raises ReadingFailed for the first that goes over a limit; this process is of no more use
        then, and the requests behind it are unanswered.
        """
        files = [{**request.item, "size": len(request.data)} for request in requests]
        try:
            self._connection.settimeout(self._limits.wall_seconds)
            send(
                self._connection,
                {"do": "read", "files": files},
                b"".join(request.data for request in requests),
            )
            for request in requests:
                yield self._answer(request.answer)
        except TimeoutError as error:
            raise over_limit(FailureKind.TIME, self._limits) from error
        except FrameTooLarge as error:
            raise over_limit(FailureKind.OUTPUT, self._limits) from error
        except (OSError, ConnectionClosed) as error:
            raise self._failure(error) from error
        except ValueError as error:  # an answer that no child of ours gives
            raise over_limit(FailureKind.CRASH, self._limits, "an invalid answer") from error

    def close(self) -> None:
        """End it: at once where it is idle, else by force."""
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill it."""
        self._connection.close()
        self.interrupt()
        self._process.wait()

    def interrupt(self) -> None:
        """End it while another thread waits for its answer: that thread hears that it ended."""
        self._process.kill()

    def _answer(self, answer: type[Value]) -> Value | QuarantineError:
        deadline = time.monotonic() + self._limits.wall_seconds
        header, body = receive(self._connection, self._limits.output_mib * MIB, deadline)
        self.resident_mib = int(header.get("resident_mib", 0))
        match header["is"]:
            case "read":
                return decode_as(answer, body)
            case "quarantined":
                return QuarantineError(*_reason(header))
            case "memory":
                raise over_limit(FailureKind.MEMORY, self._limits)
        raise ValueError("an unknown answer")

    def _expect_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        header, _ = receive(self._connection, 0, deadline)
        if header.get("is") != "ready":
            raise ValueError(str(header.get("reason"))[:500])

    def _failure(self, error: Exception) -> QuarantineError:
        self._process.wait(_STOP_SECONDS)
        kind = (
            FailureKind.TIME if self._process.returncode == -signal.SIGPROF else FailureKind.CRASH
        )
        return over_limit(kind, self._limits, self._ending(error))

    def _ending(self, error: Exception) -> str:
        code = self._process.poll()
        if code is None or not isinstance(error, OSError | ConnectionClosed):
            return str(error) or type(error).__name__
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _reason(header: Header) -> tuple[str, int | None]:
    reason, line = header["reason"], header["line"]
    if not isinstance(reason, str) or not (line is None or isinstance(line, int)):
        raise ValueError("an invalid reason")
    return reason, line


def _environment() -> dict[str, Any]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    paths = [path for path in sys.path if path and os.path.isabs(path)]  # noqa: PTH117 - text
    return {
        **kept,
        **_ONE_THREAD,
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUTF8": "1",
    }
