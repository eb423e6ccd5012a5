"""The client address of a request: the connection's, or the one named by a trusted proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from api.identity.port import parse_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Maximum number of chained proxies; entries further left in the header are ignored.
_MAX_HOPS = 16
# An IPv6 customer has at least a /64, so single addresses are free to obtain.
_IPV6_PREFIX = 64


def client_address(
    peer: str | None, forwarded_for: Sequence[str], proxies: Sequence[Network]
) -> str | None:
    """The client's address; None if the connection has none (a Unix socket).

    `forwarded_for` holds the values of the X-Forwarded-For headers in order. The header counts only
    if `peer` is one of `proxies`. Each proxy appends the address it was called from, so the client
    is the last address that is not a proxy. Without a valid address, the peer's is returned.
    """
    if not _among(peer, proxies):
        return peer
    hops = ",".join(forwarded_for).rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]
    for hop in reversed([one.strip() for one in hops]):
        if parse_address(hop) is None:
            return peer
        if not _among(hop, proxies):
            return hop
    return peer


def network_of(raw: str | None) -> str:
    """The unit for limits by address: an IPv4 address or an IPv6 /64."""
    found = parse_address(raw)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return raw or "" if found is None else str(found)


def _among(raw: str | None, networks: Sequence[Network]) -> bool:
    found = parse_address(raw)
    return found is not None and any(found in network for network in networks)
