"""What every way of authenticating is given, and what it answers."""

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
    """What a request shows of its caller.

    `headers` holds every header as it came, its name in lower case; `peer` is the address at the
    other end of the connection, whatever headers say, and None where there is none.
    """

    headers: Sequence[tuple[str, str]]
    peer: str | None

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def bearer(self) -> str | None:
        """The one bearer token, None when there is no such header at all.

        Raises AuthenticationError for anything but one `Authorization: Bearer <token>`: two
        headers may be read differently by a proxy and by this server, so neither counts.
        """
        values = self.all("authorization")
        if not values:
            return None
        words = values[0].split(" ") if len(values) == 1 else []
        if len(words) != 2 or words[0].lower() != "bearer" or not words[1]:
            raise AuthenticationError("send one `Authorization: Bearer <token>` header")
        return words[1]


class Way(Protocol):
    """One way to show who is asking."""

    def recognises(self, presented: Presented) -> bool:
        """Whether a credential of this kind is there, a bad one included."""
        ...

    def authenticate(self, presented: Presented) -> Principal:
        """The principal that it stands for; raises AuthenticationError."""
        ...


class Authenticator(Protocol):
    """All configured ways together."""

    def authenticate(self, presented: Presented) -> Principal:
        """The one principal of a request, its groups expanded; raises AuthenticationError."""
        ...

    def expanded(self, principal: Principal) -> Principal:
        """A principal that a door knows by a way of its own, with all that its groups include."""
        ...


def fit_name(raw: object) -> str:
    """A name that can stand in a log. Raises AuthenticationError for any other."""
    if not isinstance(raw, str) or not 0 < len(raw) <= _MAX_NAME or not raw.isprintable():
        raise AuthenticationError("the credential names nobody")
    return raw


def address(raw: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, an IPv4 one written as IPv6 told as what it is; None for what is none."""
    try:
        found = ipaddress.ip_address(raw or "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
