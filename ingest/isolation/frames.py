"""Messages between a process and the children that read files for it.

A message is a JSON object and a body of bytes, each behind its length.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

_LENGTHS = struct.Struct(">II")
MAX_HEADER_BYTES = 64 * 1024

Header = dict[str, Any]


class ConnectionClosed(Exception):
    """The other side has ended."""


class FrameTooLarge(Exception):
    """The other side announces more than is accepted."""


def send(connection: socket.socket, header: Header, body: bytes = b"") -> None:
    """Send one message. Raises OSError, TimeoutError among them."""
    header_bytes = json.dumps(header).encode()
    connection.sendall(_LENGTHS.pack(len(header_bytes), len(body)) + header_bytes)
    if body:
        connection.sendall(body)


def receive(
    connection: socket.socket, max_body: int, deadline: float | None = None
) -> tuple[Header, bytes]:
    """The next message, whole; `deadline` is a time of the monotonic clock, in seconds.

    Raises ConnectionClosed, TimeoutError past the deadline, FrameTooLarge for a body of more than
    `max_body` bytes, and ValueError for what is not a message.
    """
    header_size, body_size = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size, deadline))
    if header_size > MAX_HEADER_BYTES or body_size > max_body:
        raise FrameTooLarge
    header = json.loads(_exactly(connection, header_size, deadline))
    if not isinstance(header, dict):
        raise ValueError("a header must be a JSON object")
    return header, _exactly(connection, body_size, deadline)


def _exactly(connection: socket.socket, size: int, deadline: float | None) -> bytes:
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
        count = connection.recv_into(rest)
        if count == 0:
            raise ConnectionClosed
        rest = rest[count:]
    return bytes(data)
