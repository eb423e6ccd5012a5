"""Signing in at an OpenID Connect issuer, by authorization code with PKCE (S256).

A sign-in attempt has a state, a nonce and a code verifier, which only the browser that started it
holds (in an encrypted cookie). The issuer's answer counts only with the same state, the ID token
only with the same nonce, and the issuer gives it only for the code verifier.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode, urlsplit

from api.identity.issuer_client import IssuerClient
from api.identity.oidc import Person, TokenVerifier
from api.identity.rights import GroupRights
from rag.domain.access import Principal
from rag.errors import AuthenticationError

_RANDOM_BYTES = 32
_MAX_CODE = 4096


@dataclass(frozen=True, slots=True)
class OidcClient:
    """This service as the issuer knows it. `secret` is None for a public client."""

    id: str
    secret: str | None
    scopes: tuple[str, ...]
    redirect_uri: str
    session_seconds: int


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A sign-in in progress; `address` is the local page to open afterwards."""

    state: str
    nonce: str
    verifier: str
    address: str

    def matches(self, state: str) -> bool:
        """Whether an answer with this state belongs to the attempt."""
        return hmac.compare_digest(state.encode(), self.state.encode())


def new_attempt(address: str) -> SignInAttempt:
    """An attempt with fresh random values."""
    state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
    return SignInAttempt(state, nonce, verifier, address)


class OidcSignIn:
    """The two steps of a sign-in, and the principal of whoever has signed in."""

    def __init__(
        self, client: OidcClient, issuer: IssuerClient, tokens: TokenVerifier, rights: GroupRights
    ) -> None:
        self._client = client
        self._issuer = issuer
        self._tokens = tokens
        self._rights = rights

    @property
    def client(self) -> str:
        """The issuer and the client there: a session of another one is not valid."""
        return f"{self._tokens.issuer} {self._client.id}"

    @property
    def issuer_host(self) -> str:
        """The issuer's host name, by which people know it."""
        return urlsplit(self._tokens.issuer).hostname or ""

    @property
    def session_seconds(self) -> int:
        return self._client.session_seconds

    def is_issuer(self, name: str | None) -> bool:
        """Whether an answer that names its issuer (RFC 9207) comes from ours."""
        return name is None or name == self._tokens.issuer

    def address(self, attempt: SignInAttempt) -> str:
        """Where the browser signs in. Raises IssuerUnavailable."""
        endpoint = self._issuer.endpoints().authorization
        parameters = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_uri,
            "scope": " ".join(self._client.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": _challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"

    def person(self, code: str, attempt: SignInAttempt) -> Person:
        """Who has signed in. Raises AuthenticationError, IssuerUnavailable among them."""
        if not 0 < len(code) <= _MAX_CODE:
            raise AuthenticationError("the issuer sent no code")
        token = self._issuer.exchange(*self._token_request(code, attempt))
        claims = self._tokens.claims(token, self._client.id)
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode(), attempt.nonce.encode()
        ):
            raise AuthenticationError("the ID token belongs to another sign-in")
        if claims.get("azp", self._client.id) != self._client.id:
            raise AuthenticationError("the ID token was issued to another client")
        return self._tokens.person(claims)

    def principal(self, person: Person) -> Principal:
        """The principal with the rights of its own groups."""
        return self._rights.principal(person.name, person.groups)

    def _token_request(
        self, code: str, attempt: SignInAttempt
    ) -> tuple[dict[str, str], tuple[str, str] | None]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        if self._client.secret is None:
            return {**fields, "client_id": self._client.id}, None
        # RFC 6749, 2.3.1: both are encoded before they become a user and a password.
        return fields, (quote_plus(self._client.id), quote_plus(self._client.secret))


def _challenge(verifier: str) -> str:
    """The S256 code challenge of RFC 7636."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
