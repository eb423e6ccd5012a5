"""Clients that misuse their connections: `python -m bench.hostile_clients ATTACK PORT KEY`.

Only ever loopback. Prints one line when all its connections are made, and goes on until it ends.
"""

from __future__ import annotations

import hashlib
import json
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

_REFUSED = (ConnectionError, TimeoutError, BlockingIOError)
_HALF_BODIES = 140
_IDLE = 1_000
_UNREAD = 140
_ASKING_AT_ONCE = 4
_SIGNATURE = hashlib.sha256(b"a guess").hexdigest()


def _head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def _half_slack(_: str) -> bytes:
    signed = f"X-Slack-Request-Timestamp: {int(time.time())}", f"X-Slack-Signature: v0={_SIGNATURE}"
    return _head("POST", "/slack/command", *signed, "Content-Length: 30") + b"{"


def _half_github(_: str) -> bytes:
    signed = f"X-Hub-Signature-256: sha256={_SIGNATURE}"
    return _head("POST", "/v1/webhooks/github", signed, "Content-Length: 30") + b"{"


def _half_search(_: str) -> bytes:
    kind = "Content-Type: application/json"
    return _head("POST", "/v1/search", kind, "Content-Length: 30") + b"{"


def _half_search_with_key(key: str) -> bytes:
    credential = f"Authorization: Bearer {key}", "Content-Type: application/json"
    return _head("POST", "/v1/search", *credential, "Content-Length: 30") + b"{"


def _half_head(_: str) -> bytes:
    return b"GET /healthz HTTP/1.1\r\nHost:"


def _unread(_: str) -> bytes:
    return _head("GET", "/openapi.json") * 50


def _holding(count: int, make: Callable[[str], bytes]) -> Callable[[int, str], None]:
    """Holds so many connections with these bytes sent; each that is ended is made anew."""

    def attack(port: int, key: str) -> None:
        with selectors.DefaultSelector() as waiting:
            for _ in range(count):
                _connect(port, make(key), waiting)
            print("begun", flush=True)
            while True:
                _replace_ended(port, key, make, waiting, count)

    return attack


def _replace_ended(
    port: int,
    key: str,
    make: Callable[[str], bytes],
    waiting: selectors.BaseSelector,
    count: int,
) -> None:
    for selected, _ in waiting.select(timeout=0.5):
        connection = selected.fileobj
        if not isinstance(connection, socket.socket) or _is_open(connection, make):
            continue
        waiting.unregister(connection)
        connection.close()
    for _ in range(min(10, count - len(waiting.get_map()))):
        _connect(port, make(key), waiting)
    time.sleep(0.05)  # at most 200 new connections a second: it holds, it does not flood


def _is_open(connection: socket.socket, make: Callable[[str], bytes]) -> bool:
    if make is _unread:
        return not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    try:
        return bool(connection.recv(65536))
    except _REFUSED:
        return False


def _connect(port: int, sent: bytes, waiting: selectors.BaseSelector) -> None:
    connection = socket.socket()
    if len(sent) > 1000:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        connection.send(sent)
    except _REFUSED:
        connection.close()
        return
    waiting.register(connection, selectors.EVENT_READ)


def _asking_about_hostile_documents(port: int, key: str) -> None:
    """Asks for answers that quote them, a few at once."""

    def ask() -> None:
        body = json.dumps({"query": "how do I restart the potoroo worker?"}).encode()
        lines = (
            f"Authorization: Bearer {key}",
            "Content-Type: application/json",
            "Connection: close",
        )
        sent = _head("POST", "/v1/ask", *lines, f"Content-Length: {len(body)}") + body
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                    connection.sendall(sent)
                    while connection.recv(65536):
                        pass
            except _REFUSED:
                pass
            time.sleep(0.5)

    for _ in range(_ASKING_AT_ONCE):
        threading.Thread(target=ask, daemon=True).start()
    print("begun", flush=True)
    threading.Event().wait()


ATTACKS: Mapping[str, Callable[[int, str], None]] = MappingProxyType(
    {
        "half bodies to /slack/command": _holding(_HALF_BODIES, _half_slack),
        "half bodies to /v1/webhooks/github": _holding(_HALF_BODIES, _half_github),
        "half bodies to /v1/search, no key": _holding(_HALF_BODIES, _half_search),
        "half bodies to /v1/search, with a key": _holding(40, _half_search_with_key),
        "idle connections": _holding(_IDLE, _half_head),
        "answers left unread": _holding(_UNREAD, _unread),
        "answers about hostile documents": _asking_about_hostile_documents,
    }
)


if __name__ == "__main__":
    name, port, key = sys.argv[1:]
    ATTACKS[name](int(port), key)
