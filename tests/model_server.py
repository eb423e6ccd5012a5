"""A model server on loopback that speaks OpenAI's chat completions, and misbehaves on purpose.

A real HTTP server in a thread: what it does is said by `behaviour`, and `requests` holds what it
was sent. It is no language model; its replies are given to it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "test-model"
USAGE = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}


class Behaviour(StrEnum):
    """What the server does with the next requests."""

    ANSWERS = "answers"
    HANGS = "hangs"  # takes the request and never answers
    STALLS = "stalls"  # hangs behind the first line
    RUBBISH = "rubbish"  # 200, and no JSON
    DIES = "dies"  # cuts the connection behind the first line
    BUSY = "busy"  # 429 with Retry-After
    BROKEN = "broken"  # 500
    REFUSES = "refuses"  # 401


@dataclass
class ModelServer:
    """`reply` is the text it writes, or a function from the request's messages to it."""

    behaviour: Behaviour = Behaviour.ANSWERS
    reply: str | Callable[[list[dict[str, str]]], str] = "NO ANSWER"
    busy_times: int = 1_000_000  # after so many refusals it answers
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    aborted: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    pause: float = 0.0  # between two pieces, in seconds
    port: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def text_for(self, messages: list[dict[str, str]]) -> str:
        return self.reply if isinstance(self.reply, str) else self.reply(messages)


@contextmanager
def model_server(**given: Any) -> Iterator[ModelServer]:
    """A server until the end of the block."""
    state = ModelServer(**given)

    class Bound(_Handler):
        server_state = state

    with ThreadingHTTPServer(("127.0.0.1", 0), Bound) as server:
        server.daemon_threads = True
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            state.stopped.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_state: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        state = self.server_state
        length = int(self.headers.get("content-length", "0"))
        body = json.loads(self.rfile.read(length))
        state.requests.append(body)
        state.keys.append(self.headers.get("authorization", ""))
        refused = len(state.requests) <= state.busy_times
        if state.behaviour is Behaviour.HANGS:
            state.stopped.wait(30)
            self.close_connection = True
        elif state.behaviour is Behaviour.BUSY and refused:
            self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": "0.05"})
        elif state.behaviour is Behaviour.BROKEN and refused:
            self._send(500, {"error": {"message": "it broke"}})
        elif state.behaviour is Behaviour.REFUSES:
            self._send(401, {"error": {"message": "wrong key"}})
        elif state.behaviour is Behaviour.RUBBISH:
            self._rubbish()
        else:
            self._stream(state.text_for(body["messages"]))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _rubbish(self) -> None:
        data = b"data: <html>proxy error</html>\n\ndata: {{{\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, text: str) -> None:
        state = self.server_state
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        ends_early = state.behaviour in (Behaviour.DIES, Behaviour.STALLS)
        try:
            for piece in _pieces(text):
                self._event(_chunk(piece))
                time.sleep(state.pause)
                if ends_early and "\n" in piece:
                    if state.behaviour is Behaviour.STALLS:
                        state.stopped.wait(30)
                    self.close_connection = True
                    return
            self._event(_chunk(None))
            self._event({**_chunk(None), "choices": [], "usage": USAGE})
            self._part(b"data: [DONE]\n\n")
            self._part(b"")
        except OSError:
            self.close_connection = True
            state.aborted.set()

    def _event(self, content: dict[str, Any]) -> None:
        self._part(f"data: {json.dumps(content)}\n\n".encode())

    def _part(self, data: bytes) -> None:
        """One chunk of a body whose end is said, so that a cut connection is no end."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def _pieces(text: str) -> Iterator[str]:
    """Some characters at a time, so that words and markers are cut as models cut them."""
    for start in range(0, len(text), 7):
        yield text[start : start + 7]


def _chunk(text: str | None) -> dict[str, Any]:
    delta = {} if text is None else {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": MODEL,
        "choices": [
            {"index": 0, "delta": delta, "finish_reason": "stop" if text is None else None}
        ],
    }
