"""A server that accepts connections from listening sockets which several processes share.

The processes inherit the sockets, so a connection waits in one queue until whichever of them is
free takes it, and none is lost when a process ends. With SO_REUSEPORT each process would have a
queue of its own, chosen by a hash of the addresses: a busy process would keep connections waiting
while others are free, and the queue of one that dies would be lost.

An event loop accepts all that waits at once, so that the first process to wake up would take every
connection of a burst, and keep it. Here a process accepts one at a time, and lets others go first
while it has more open connections than one of them.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
import uvicorn

from api.http.stopping import DrainingServer, Stopping

# Longer than an idle process takes to wake up and accept.
_YIELD_SECONDS = 0.002
# The system has no room for another file now.
_PAUSE_SECONDS = 1.0
# Of a process that accepts no connections: nobody waits for it.
NOT_ACCEPTING = 2**31

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SharedListening:
    """Listening sockets that do not block, and the number of open connections of each process.

    `place` is that of this process in `open_connections`, which lies in shared memory.
    """

    sockets: Sequence[socket.socket]
    open_connections: MutableSequence[int]
    place: int

    def others_have_fewer(self) -> bool:
        return min(self.open_connections) < self.open_connections[self.place]


class AcceptingServer(DrainingServer):
    """Serves what it accepts from shared sockets until it is stopped."""

    def __init__(
        self,
        config: uvicorn.Config,
        stopping: Stopping,
        drain_seconds: float,
        listening: SharedListening,
    ) -> None:
        super().__init__(config, stopping, drain_seconds)
        self._listening = listening
        self._acceptors: list[_Acceptor] = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signals: the process that started this one gets them, and calls `stop`."""
        yield

    def stop(self, *, drains: bool) -> None:
        """As after SIGTERM, or at once as after SIGINT; may be called in any thread."""
        self.handle_exit(signal.SIGTERM if drains else signal.SIGINT, None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        await super().startup(sockets=[])
        self._publish()
        for one in self._listening.sockets:
            acceptor = _Acceptor(one, self._make_protocol, self._listening, self._publish)
            acceptor.start()
            self._acceptors.append(acceptor)

    async def on_tick(self, counter: int) -> bool:
        self._publish()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        for acceptor in self._acceptors:
            acceptor.stop()
        self._listening.open_connections[self._listening.place] = NOT_ACCEPTING
        await super().shutdown()

    def _publish(self) -> None:
        self._listening.open_connections[self._listening.place] = len(self.server_state.connections)

    def _make_protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        return protocol


class _Acceptor:
    """Accepts from one socket."""

    def __init__(
        self,
        listener: socket.socket,
        make_protocol: Callable[[], asyncio.Protocol],
        listening: SharedListening,
        accepted: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._make_protocol = make_protocol
        self._listening = listening
        self._accepted = accepted
        self._waiting: asyncio.TimerHandle | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._loop.add_reader(self._listener, self._on_connection)

    def stop(self) -> None:
        """Accept nothing more; what is accepted is served."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _on_connection(self) -> None:
        if self._listening.others_have_fewer():
            self._pause(_YIELD_SECONDS, self._resume_and_accept)
        else:
            self._accept()

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener)
        self._waiting = self._loop.call_later(seconds, then)

    def _resume_and_accept(self) -> None:
        self._waiting = None
        self.start()
        self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process took it, or its client went away
        except OSError as error:
            log.error("no connection can be accepted", exc_info=error)
            self._pause(_PAUSE_SECONDS, self.start)
            return
        connection.setblocking(False)
        self._listening.open_connections[self._listening.place] += 1
        task = self._loop.create_task(self._connect(connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError as error:  # its client went away
            log.debug("a connection ended before it began", exc_info=error)
            connection.close()
        self._accepted()
