"""A judge on loopback that speaks OpenAI's chat completions: `python -m tests.judge_server`.

It is no language model: it answers each of the metrics' prompts with verdicts that fit, or
misbehaves as its argument says. It prints its port, then serves until it is ended.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def verdicts(asked: str) -> dict[str, Any]:
    """What a judge who agrees with everything says to a prompt."""
    if "noncommittal" in asked:
        return {"question": "what of q1?", "noncommittal": 0}
    if "attributed" in asked:
        return {"classifications": [{"statement": "s", "reason": "r", "attributed": 1}]}
    if "faithfulness of a series of statements" in asked:
        return {"statements": [{"statement": "s", "reason": "r", "verdict": 1}]}
    if "statements" in asked:
        return {"statements": ["Restart the broker."]}
    return {"reason": "r", "verdict": 1}


def content(behaviour: str, asked: str) -> str:
    """The text of a reply."""
    if behaviour == "malformed":
        return '{"statements": [{"verd'
    if behaviour == "empty":  # a judge that finds no statement: the library's score is NaN
        fields = {"statements": [], "classifications": [], "verdict": 1, "reason": "r"}
        return json.dumps({**fields, "question": "", "noncommittal": 0})
    return json.dumps(verdicts(asked))


class _Handler(BaseHTTPRequestHandler):
    behaviour = "good"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.behaviour == "hanging":
            time.sleep(30)
        if self.behaviour == "broken":
            self._send(500, {"error": {"message": "it broke"}})
            return
        asked = "\n".join(str(message["content"]) for message in body["messages"])
        self._send(
            200,
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {
                            "role": "assistant",
                            "content": content(self.behaviour, asked),
                        },
                    }
                ],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            },
        )

    def _send(self, status: int, found: dict[str, Any]) -> None:
        data = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


def main() -> None:
    _Handler.behaviour = sys.argv[1]
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
