"""The address that a request is from: the connection's, or the one that a trusted proxy names."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from api.identity.port import address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Proxies in a row; what stands further left in the header is not looked at.
_MAX_HOPS = 16
# One customer of an IPv6 provider has a /64 at least, and so as many addresses as it likes.
_IPV6_PREFIX = 64


def client_address(
    peer: str | None, forwarded_for: Sequence[str], proxies: Sequence[Network]
) -> str | None:
    """The address of the client, None where the connection has none (a Unix socket).

    `forwarded_for` holds the values of the X-Forwarded-For headers in order. Only a `peer` among
    `proxies` is believed; each proxy appends the address that it was asked from, so the right one
    is the last that is no proxy's. Where the header names no address, the peer's counts.
    """
    if not _among(peer, proxies):
        return peer
    hops = ",".join(forwarded_for).rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]
    for hop in reversed([one.strip() for one in hops]):
        if address(hop) is None:
            return peer
        if not _among(hop, proxies):
            return hop
    return peer


def network_of(raw: str | None) -> str:
    """What counts as one caller when addresses are counted: an IPv4 address, an IPv6 /64."""
    found = address(raw)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return raw or "" if found is None else str(found)


def _among(raw: str | None, networks: Sequence[Network]) -> bool:
    found = address(raw)
    return found is not None and any(found in network for network in networks)
