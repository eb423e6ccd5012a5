"""A model server on loopback that speaks as OpenAI's or Ollama's do, and misbehaves on purpose.

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
CREATED = "2026-09-01T08:00:00.000000Z"
USAGE = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}


class Speech(StrEnum):
    """Whose HTTP interface the server has, by the name of its provider in the settings."""

    OPENAI = "openai"  # /v1/chat/completions, server-sent events
    OLLAMA = "ollama"  # /api/chat, a JSON object a line


class Behaviour(StrEnum):
    """What the server does with the next requests."""

    ANSWERS = "answers"
    HANGS = "hangs"  # takes the request and never answers
    STALLS = "stalls"  # hangs behind the first line
    PONDERS = "ponders"  # sends pieces without a word in them, and never ends
    ERRS = "errs"  # an error in the stream, behind the first line
    RUBBISH = "rubbish"  # 200, and no JSON
    DIES = "dies"  # cuts the connection behind the first line
    BUSY = "busy"  # 429 with Retry-After
    BROKEN = "broken"  # 500
    REFUSES = "refuses"  # 401; Ollama's 404 for a model that it has not


@dataclass
class ModelServer:
    """`reply` is the text it writes, or a function from the request's messages to it."""

    speech: Speech = Speech.OPENAI
    behaviour: Behaviour = Behaviour.ANSWERS
    reply: str | Callable[[list[dict[str, str]]], str] = "NO ANSWER"
    busy_times: int = 1_000_000  # after so many refusals it answers
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    aborted: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    reported_usage: dict[str, int] = field(default_factory=lambda: USAGE)
    pause: float = 0.0  # between two pieces, in seconds
    port: int = 0

    @property
    def base_url(self) -> str:
        root = f"http://127.0.0.1:{self.port}"
        return f"{root}/v1" if self.speech is Speech.OPENAI else root

    def text_for(self, messages: list[dict[str, str]]) -> str:
        return self.reply if isinstance(self.reply, str) else self.reply(messages)


@contextmanager
def model_server(**given: Any) -> Iterator[ModelServer]:
    """A server until the end of the block."""
    state = ModelServer(**given)

    class Bound(_OpenAi if state.speech is Speech.OPENAI else _Ollama):  # type: ignore[misc]
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
    """What both kinds of server do alike; how it is said is each kind's own."""

    server_state: ModelServer
    protocol_version = "HTTP/1.1"
    route: str
    content_type: str
    refusal: tuple[int, Any]
    rubbish: bytes

    def do_POST(self) -> None:
        state = self.server_state
        length = int(self.headers.get("content-length", "0"))
        body = json.loads(self.rfile.read(length))
        if self.path != self.route:
            self._send(404, {"error": f"{self.path} not found"})
            return
        state.requests.append(body)
        state.keys.append(self.headers.get("authorization", ""))
        refused = len(state.requests) <= state.busy_times
        if state.behaviour is Behaviour.HANGS:
            state.stopped.wait(30)
            self.close_connection = True
        elif state.behaviour is Behaviour.BUSY and refused:
            self._send(429, self.error("slow down"), {"Retry-After": "0.05"})
        elif state.behaviour is Behaviour.BROKEN and refused:
            self._send(500, self.error("it broke"))
        elif state.behaviour is Behaviour.REFUSES:
            self._send(*self.refusal)
        elif state.behaviour is Behaviour.RUBBISH:
            self._send_bytes(200, self.rubbish, self.content_type)
        elif body.get("stream"):
            self._stream(state.text_for(body["messages"]))
        else:
            self._send(200, self.whole(state.text_for(body["messages"])))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""

    def error(self, message: str) -> Any:
        """An error's body."""
        raise NotImplementedError

    def event(self, content: Any) -> bytes:
        """One object of a stream."""
        raise NotImplementedError

    def piece(self, text: str) -> Any:
        """An object of a stream that carries some text."""
        raise NotImplementedError

    def ending(self) -> Iterator[bytes]:
        """What stands behind the last piece."""
        raise NotImplementedError

    def whole(self, text: str) -> Any:
        """An answer that is not streamed."""
        raise NotImplementedError

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(content).encode(), "application/json", headers)

    def _send_bytes(
        self, status: int, data: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, text: str) -> None:
        state = self.server_state
        self.send_response(200)
        self.send_header("Content-Type", self.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while state.behaviour is Behaviour.PONDERS and not state.stopped.wait(0.02):
                self._part(self.event(self.piece("")))
            for piece in _pieces(text):
                self._part(self.event(self.piece(piece)))
                time.sleep(state.pause)
                if "\n" in piece and self._ends_early():
                    return
            for part in self.ending():
                self._part(part)
            self._part(b"")
        except OSError:
            self.close_connection = True
            state.aborted.set()

    def _ends_early(self) -> bool:
        """Misbehaves behind the first line, if it is to."""
        state = self.server_state
        if state.behaviour is Behaviour.ERRS:
            self._part(self.event(self.error("out of memory")))
            self._part(b"")
        elif state.behaviour is Behaviour.STALLS:
            state.stopped.wait(30)
        elif state.behaviour is not Behaviour.DIES:
            return False
        self.close_connection = True
        return True

    def _part(self, data: bytes) -> None:
        """One chunk of a body whose end is said, so that a cut connection is no end."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


class _OpenAi(_Handler):
    route = "/v1/chat/completions"
    content_type = "text/event-stream"
    refusal = (401, {"error": {"message": "wrong key"}})
    rubbish = b"data: <html>proxy error</html>\n\ndata: {{{\n\n"

    def error(self, message: str) -> Any:
        return {"error": {"message": message}}

    def event(self, content: Any) -> bytes:
        return f"data: {json.dumps(content)}\n\n".encode()

    def piece(self, text: str) -> Any:
        return _chunk(text)

    def whole(self, text: str) -> Any:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**_chunk(None), "object": "chat.completion", "choices": [choice]}

    def ending(self) -> Iterator[bytes]:
        yield self.event(_chunk(None))
        yield self.event({**_chunk(None), "choices": [], "usage": self.server_state.reported_usage})
        yield b"data: [DONE]\n\n"


class _Ollama(_Handler):
    """As https://github.com/ollama/ollama/blob/main/docs/api.md says of a chat."""

    route = "/api/chat"
    content_type = "application/x-ndjson"
    refusal = (404, {"error": f"model '{MODEL}' not found"})
    rubbish = b"<html>proxy error</html>\n{{{\n"

    def error(self, message: str) -> Any:
        return {"error": message}

    def event(self, content: Any) -> bytes:
        return f"{json.dumps(content)}\n".encode()

    def piece(self, text: str) -> Any:
        message = {"role": "assistant", "content": text}
        return {"model": MODEL, "created_at": CREATED, "message": message, "done": False}

    def ending(self) -> Iterator[bytes]:
        names = {"prompt_tokens": "prompt_eval_count", "completion_tokens": "eval_count"}
        found = self.server_state.reported_usage
        counted = {theirs: found[ours] for ours, theirs in names.items() if ours in found}
        durations = dict.fromkeys(
            ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"), 1_000_000
        )
        last = {**self.piece(""), "done": True, "done_reason": "stop"}
        yield self.event({**last, **durations, **counted})


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
