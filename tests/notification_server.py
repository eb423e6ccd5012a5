"""A receiver of notifications on loopback: it keeps what it was sent, and answers as it is told."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 30.0


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class NotificationServer:
    """`statuses` are the next answers, 200 after them; `headers` go with each of them.

    With `drips` it sends its answer a byte at a time, for ever.
    """

    origin: str = ""
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    drips: bool = False
    hangs: bool = False
    received: queue.Queue[Received] = field(default_factory=queue.Queue)
    stopped: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Received:
        return self.received.get(timeout=PATIENCE)


@contextmanager
def notification_server() -> Iterator[NotificationServer]:
    """Listens on a free port until the end of the block."""
    made = NotificationServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            made.received.put(Received(self.path, dict(self.headers), body))
            if made.hangs:
                made.stopped.wait(PATIENCE)
            while made.drips and not made.stopped.is_set():
                self.wfile.write(b"H")
                time.sleep(0.02)
            self.send_response(made.statuses.pop(0) if made.statuses else 200)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    made.origin = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        made.stopped.set()
        server.shutdown()
        server.server_close()
