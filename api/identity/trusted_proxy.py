"""Callers named by an authenticating proxy in headers, trusted only from its addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

from api.identity.port import Presented, parse_address, valid_name
from api.identity.rights import GroupRights, valid_tags
from rag.domain.access import Principal
from rag.errors import AuthenticationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxy:
    """A request with one of the headers must come from the proxy, or is rejected."""

    def __init__(
        self,
        proxies: Sequence[Network],
        user_header: str,
        groups_header: str,
        rights: GroupRights,
        dropped: Callable[[int], None],
    ) -> None:
        self._proxies = tuple(proxies)
        self._user = user_header.lower()
        self._groups = groups_header.lower()
        self._rights = rights
        self._dropped = dropped

    def matches(self, presented: Presented) -> bool:
        return bool(presented.all(self._user) or presented.all(self._groups))

    def authenticate(self, presented: Presented) -> Principal:
        peer = parse_address(presented.peer)
        if peer is None or not any(peer in network for network in self._proxies):
            raise AuthenticationError("only the configured proxy may name a caller")
        users, lists = presented.all(self._user), presented.all(self._groups)
        if len(users) != 1 or len(lists) > 1:
            raise AuthenticationError("the proxy must name one caller, once")
        named = [part.strip() for one in lists for part in one.split(",") if part.strip()]
        groups, dropped = valid_tags(named)
        self._dropped(dropped)
        return self._rights.principal(f"proxy:{valid_name(users[0])}", groups)
