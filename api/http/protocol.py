"""The HTTP/1.1 protocol of the server: uvicorn's, with strict framing and limits on what a client
may hold before and after its request.

- A connection whose next request's head does not come in time is ended. uvicorn waits for ever
  once a byte of it is there.
- A client that does not read its answer is disconnected; uvicorn waits for ever.
- A client that goes on sending requests without waiting for answers (pipelining) is answered a few
  and then disconnected: it could otherwise queue thousands in one packet. Few clients pipeline, and
  HTTP has them repeat what was not answered.
- When there are as many connections as the service takes, one that waits for its client is dropped
  for the new one. uvicorn would answer every new one with 503, so that idle connections could keep
  everybody else out.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.connections import WaitingConnections
from api.http.framing import StrictConnection
from api.http.problems import MALFORMED_HTTP, MEDIA_TYPE, problem_document
from api.identity.client_address import network_of
from api.settings.access import LimitSettings

_MAX_PIPELINED = 4


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What the connections of one server have in common."""

    settings: LimitSettings
    waiting: WaitingConnections[LimitedProtocol] = field(default_factory=WaitingConnections)


class LimitedProtocol(H11Protocol):
    """One connection. `limits` is set by the subclass that `limited_protocol` makes."""

    limits: ConnectionLimits

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn = StrictConnection(h11.SERVER, self.limits.settings.header_bytes)
        self._head_deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._network = ""
        self._pipelined = 0  # requests in a row that came before the answer to the one before

    # --- What asyncio and uvicorn report

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._network = network_of(self.client[0] if self.client else None)
        self._make_room()
        self._start_head_deadline()
        self._note_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_head_deadline()
        self._cancel_write_deadline()
        self.limits.waiting.discard(self._network, self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_between_requests():
            self._cancel_head_deadline()
        elif self._head_deadline is None:
            self._start_head_deadline()
        self._note_waiting()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_write_deadline()
        self._note_waiting()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_write_deadline()
        self._note_waiting()

    def on_response_complete(self) -> None:
        self._limit_pipelining()
        super().on_response_complete()
        self._after_close()
        self._note_waiting()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._after_close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, not ours
        """Answer a request that is not valid HTTP, where an answer is still possible, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in _malformed_response():
                self.transport.write(self.conn.send(event) or b"")
        if not self._is_between_requests():
            # Whatever answers the request that was cut off here must not write any more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
        self._after_close()

    # --- Connections that wait for their client

    def drop(self) -> None:
        """End the connection now."""
        self.connections.discard(self)
        self.transport.abort()

    def _make_room(self) -> None:
        # uvicorn answers 503 from `limit_concurrency` connections on, this one included.
        while len(self.connections) >= self.limits.settings.connections:
            longest = self.limits.waiting.pop()
            if longest is None:
                return
            longest.drop()

    def _note_waiting(self) -> None:
        if self._waits_for_client():
            self.limits.waiting.add(self._network, self)
        else:
            self.limits.waiting.discard(self._network, self)

    def _waits_for_client(self) -> bool:
        """For a request, for the rest of its body, or until its answer has been read."""
        if self.transport.is_closing() or self.flow.write_paused or self._is_between_requests():
            return True
        return bool(self.cycle.more_body)

    def _is_between_requests(self) -> bool:
        cycle: Any = self.cycle  # uvicorn declares it as never None
        return cycle is None or bool(cycle.response_complete)

    def _limit_pipelining(self) -> None:
        if self.conn.their_state is h11.DONE and self.conn.trailing_data[0]:
            self._pipelined += 1
        else:
            self._pipelined = 0
        if self._pipelined > _MAX_PIPELINED:
            self.transport.close()

    # --- Deadlines

    def _start_head_deadline(self) -> None:
        self._head_deadline = self.loop.call_later(self.limits.settings.header_seconds, self._end)

    def _cancel_head_deadline(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _end(self) -> None:
        self._head_deadline = None
        if self._is_between_requests():
            self.transport.close()
            self._after_close()

    def _after_close(self) -> None:
        # A closing transport waits until the client has read everything, or for ever.
        if self.transport.is_closing():
            self._start_write_deadline()

    def _start_write_deadline(self) -> None:
        if self._write_deadline is None:
            self._write_deadline = self.loop.call_later(
                self.limits.settings.write_seconds, self.transport.abort
            )

    def _cancel_write_deadline(self) -> None:
        if self._write_deadline is not None and not self.transport.is_closing():
            self._write_deadline.cancel()
            self._write_deadline = None


def limited_protocol(settings: LimitSettings) -> type[LimitedProtocol]:
    """The protocol class of one server."""
    return type("Protocol", (LimitedProtocol,), {"limits": ConnectionLimits(settings)})


def _malformed_response() -> list[h11.Event]:
    request_id = uuid.uuid4().hex
    body = json.dumps(problem_document(MALFORMED_HTTP, request_id)).encode()
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        ("X-Request-ID", request_id),
    ]
    head = h11.Response(status_code=MALFORMED_HTTP.status, headers=headers, reason="Bad Request")
    return [head, h11.Data(data=body), h11.EndOfMessage()]
