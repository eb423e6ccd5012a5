"""An OpenID Connect issuer: real keys, real tokens, and its public keys served on loopback.

It also signs people in by authorization code with PKCE, and is as strict as the standard.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

NAME = "https://id.example"
AUDIENCE = "runbook-search"
CLIENT = "runbook-web"
SECRET = "the client's secret"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """`keys` are signed with and published; `asked` counts how often they were fetched.

    `redirect_uri` is the one that its client has registered; `person` are claims of whoever signs
    in next; `exchanged` counts the codes that were given in.
    """

    base: str
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=lambda: {"one": new_key()})
    asked: int = 0
    broken: bool = False
    slow: float = 0.0
    extra: list[dict[str, Any]] = field(default_factory=list)
    redirect_uri: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanged: int = 0

    @property
    def url(self) -> str:
        """The address of its public keys."""
        return f"{self.base}/jwks"

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
        claims = {
            "iss": NAME,
            "aud": AUDIENCE,
            "sub": "ada@example.com",
            "iat": now,
            "exp": now + 300,
            "groups": ["team:payments"],
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, kid: str = "one", **changed: Any) -> str:
        return jwt.encode(self.claims(**changed), self.keys[kid], "RS256", headers={"kid": kid})

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.base,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": self.url,
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, query: Mapping[str, str]) -> str:
        """Where the browser of someone who signs in is sent: back, with a code."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["redirect_uri"] == self.redirect_uri
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe()
        self.codes[code] = dict(query)
        back = {"code": code, "state": query["state"], "iss": self.base}
        return f"{self.redirect_uri}?{urlencode(back)}"

    def exchange(self, fields: Mapping[str, str], authorization: str) -> dict[str, Any] | None:
        """The tokens for a code, which counts once; None for anything but what it was given for."""
        self.exchanged += 1
        asked = self.codes.pop(fields.get("code", ""), None)
        basic = base64.b64encode(f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}".encode()).decode()
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or authorization != f"Basic {basic}"
            or fields.get("grant_type") != "authorization_code"
            or fields.get("redirect_uri") != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            return None
        claims = {"iss": self.base, "aud": CLIENT, "nonce": asked["nonce"], **self.person}
        return {"token_type": "Bearer", "access_token": "x", "id_token": self.token(**claims)}


@contextmanager
def issuer() -> Iterator[Issuer]:
    """An issuer whose keys are served until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", made.authorize(dict(parse_qsl(parts.query))))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif parts.path == "/.well-known/openid-configuration":
                self._answer(200, json.dumps(made.discovery()).encode())
            else:
                made.asked += 1
                time.sleep(made.slow)
                body = b"not json" if made.broken else made.jwks()
                self._answer(500 if made.broken else 200, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens = made.exchange(dict(parse_qsl(body)), self.headers.get("Authorization", ""))
            answer = {"error": "invalid_grant"} if tokens is None else tokens
            self._answer(400 if tokens is None else 200, json.dumps(answer).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
