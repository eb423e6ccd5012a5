"""The interface of authentication methods."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.domain.access import Principal
from rag.errors import AuthenticationError

_MAX_NAME = 256


@dataclass(frozen=True, slots=True)
class Presented:
    """The part of a request that can identify its caller.

    `headers` holds all headers with lower-case names; `peer` is the remote address of the
    connection regardless of headers, None if there is none.
    """

    headers: Sequence[tuple[str, str]]
    peer: str | None

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def bearer(self) -> str | None:
        """The bearer token; None without an Authorization header.

        Raises AuthenticationError for anything but exactly one `Authorization: Bearer <token>`:
        a proxy and this server might pick different ones of two headers.
        """
        values = self.all("authorization")
        if not values:
            return None
        words = values[0].split(" ") if len(values) == 1 else []
        if len(words) != 2 or words[0].lower() != "bearer" or not words[1]:
            raise AuthenticationError("send one `Authorization: Bearer <token>` header")
        return words[1]


class AuthenticationMethod(Protocol):
    """One method of authentication."""

    def matches(self, presented: Presented) -> bool:
        """Whether the request has a credential of this kind, valid or not."""
        ...

    def authenticate(self, presented: Presented) -> Principal:
        """The credential's principal. Raises AuthenticationError."""
        ...


class Authenticator(Protocol):
    """All configured methods combined."""

    def authenticate(self, presented: Presented) -> Principal:
        """The principal of a request with expanded groups. Raises AuthenticationError."""
        ...

    def expanded(self, principal: Principal) -> Principal:
        """Expand the groups of a principal that was authenticated elsewhere."""
        ...


def valid_name(raw: object) -> str:
    """The name, if it is safe to log. Raises AuthenticationError otherwise."""
    if not isinstance(raw, str) or not 0 < len(raw) <= _MAX_NAME or not raw.isprintable():
        raise AuthenticationError("the credential has no valid name")
    return raw


def parse_address(raw: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The parsed IP address, IPv4-mapped IPv6 as IPv4; None if it is not an address."""
    try:
        found = ipaddress.ip_address(raw or "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
