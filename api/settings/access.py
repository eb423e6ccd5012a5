"""Settings of who may ask, how much, and what is written down about it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from api.settings.section import AclTags, Section

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
RightName = Literal["search", "index", "admin"]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_EVERYWHERE = 0


def fetchable(url: str) -> str:
    """The address, if it uses TLS or leads to this machine. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"):
        return url
    raise ValueError("use https: an attacker who changes what is sent can make any token")


def _narrow(network: Network) -> Network:
    if network.prefixlen == _EVERYWHERE:
        raise ValueError(f"{network} is every address there is: name those of the proxy")
    return network


class OidcSignInSettings(Section):
    """Signing in to the web pages at the issuer, by authorization code with PKCE.

    Register `server.public_url` followed by `/sign-in/oidc/callback` as the redirect URI of the
    client. `client_secret` belongs into the environment; without it the client is a public one.
    `session_minutes` is how long after signing in a browser must sign in again: groups that the
    issuer takes from a person count until then.
    """

    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    session_minutes: int = Field(default=60, ge=1, le=24 * 60)


class OidcSettings(Section):
    """Bearer tokens of an OpenID Connect issuer.

    `groups_claim` is the name of a claim, or a list of names: the way to a nested one.
    `jwks_seconds` is how long its keys are remembered, `grace_seconds` how much longer while it
    does not answer, `pause_seconds` what lies at least between two questions to it. With `sign_in`
    people sign in to the web pages there; the issuer then publishes its addresses below `issuer`.
    """

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    jwks_url: Annotated[str, AfterValidator(fetchable)]
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256",), min_length=1)
    groups_claim: str | tuple[str, ...] = "groups"
    leeway_seconds: float = Field(default=30, ge=0, le=300)
    jwks_seconds: float = Field(default=300, gt=0)
    grace_seconds: float = Field(default=3600, ge=0)
    pause_seconds: float = Field(default=10, ge=0)
    timeout_seconds: float = Field(default=5, gt=0)
    sign_in: OidcSignInSettings | None = None

    @model_validator(mode="after")
    def _issuer_is_an_address(self) -> OidcSettings:
        if self.sign_in is not None:
            fetchable(self.issuer)
        return self

    @property
    def groups_path(self) -> tuple[str, ...]:
        claim = self.groups_claim
        return (claim,) if isinstance(claim, str) else claim


ProxyAddresses = tuple[Annotated[Network, AfterValidator(_narrow)], ...]


class ProxySettings(Section):
    """An authenticating proxy that names the caller in headers, believed from `addresses` alone."""

    addresses: ProxyAddresses = Field(min_length=1)
    user_header: HeaderName = "X-Forwarded-User"
    groups_header: HeaderName = "X-Forwarded-Groups"


class AnonymousSettings(Section):
    """What a caller without any credential may read; `enabled` has no default on purpose."""

    enabled: bool
    groups: AclTags = Field(min_length=1)


class IdentitySettings(Section):
    """The ways to authenticate. `rights` gives rights to groups of people, never to API keys."""

    api_keys: bool = True
    oidc: OidcSettings | None = None
    proxy: ProxySettings | None = None
    anonymous: AnonymousSettings | None = None
    rights: dict[str, frozenset[RightName]] = Field(default_factory=dict)

    @property
    def allows_anonymous(self) -> bool:
        return self.anonymous is not None and self.anonymous.enabled

    @model_validator(mode="after")
    def _no_conflict(self) -> IdentitySettings:
        if self.proxy and self.oidc:
            raise ValueError(
                "proxy and oidc both say who a person is, and a proxy hands tokens on: choose one"
            )
        if self.proxy and self.allows_anonymous:
            raise ValueError(
                "with anonymous, callers that the proxy does not name could read: choose one"
            )
        if not (self.api_keys or self.oidc or self.proxy or self.allows_anonymous):
            raise ValueError("nobody could get in: leave one way to authenticate switched on")
        return self


class LimitSettings(Section):
    """What one caller, and all of them together, may ask of the service.

    `requests_per_minute` and `concurrent` count by key or person; `refusals_per_minute` counts
    failed authentications by address; `in_flight` and `connections` count for the whole service.
    `unverified_bodies` and `unverified_bodies_per_address` count bodies that must be read before
    it is known who sent them (Slack, GitHub), each for at most `unverified_body_seconds`.
    `write_seconds` is how long a client may leave an answer unread.
    """

    requests_per_minute: int = Field(default=600, ge=1)
    concurrent: int = Field(default=16, ge=1)
    refusals_per_minute: int = Field(default=60, ge=1)
    in_flight: int = Field(default=128, ge=1)
    connections: int = Field(default=1000, ge=1)
    header_seconds: float = Field(default=10, gt=0)
    body_seconds: float = Field(default=10, gt=0)
    unverified_bodies: int = Field(default=16, ge=1)
    unverified_bodies_per_address: int = Field(default=4, ge=1)
    unverified_body_seconds: float = Field(default=5, gt=0)
    write_seconds: float = Field(default=10, gt=0)
    request_seconds: float = Field(default=60, gt=0)
    keep_alive_seconds: int = Field(default=5, ge=1)
    header_bytes: int = Field(default=32_768, ge=4096)


class AuditSettings(Section):
    """Where it is written down who was given what; `path` is below the state folder.

    `hash_queries` writes a keyed hash in place of each question.
    """

    enabled: bool = True
    path: Path = Path("audit.jsonl")
    max_mib: int = Field(default=16, ge=1)
    files: int = Field(default=10, ge=1)
    hash_queries: bool = False
