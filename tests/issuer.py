"""An OpenID Connect issuer: real keys, real tokens, and its public keys served on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

NAME = "https://id.example"
AUDIENCE = "runbook-search"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """`keys` are signed with and published; `asked` counts how often they were fetched."""

    url: str
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=lambda: {"one": new_key()})
    asked: int = 0
    broken: bool = False
    slow: float = 0.0
    extra: list[dict[str, Any]] = field(default_factory=list)

    def jwks(self) -> bytes:
        published = [
            {
                **RSAAlgorithm.to_jwk(key.public_key(), as_dict=True),
                "kid": name,
                "use": "sig",
                "alg": "RS256",
            }
            for name, key in self.keys.items()
        ]
        return json.dumps({"keys": [*published, *self.extra]}).encode()

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What a good token says; a change to None takes a claim out."""
        now = int(time.time())
        found = {
            "iss": NAME,
            "aud": AUDIENCE,
            "sub": "ada@example.com",
            "iat": now,
            "exp": now + 300,
            "groups": ["team:payments"],
            **changed,
        }
        return {name: value for name, value in found.items() if value is not None}

    def token(self, kid: str = "one", **changed: Any) -> str:
        return jwt.encode(self.claims(**changed), self.keys[kid], "RS256", headers={"kid": kid})


@contextmanager
def issuer() -> Iterator[Issuer]:
    """An issuer whose keys are served until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            time.sleep(made.slow)
            body = b"not json" if made.broken else made.jwks()
            self.send_response(500 if made.broken else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Issuer(f"http://127.0.0.1:{server.server_port}/jwks")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
