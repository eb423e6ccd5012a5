"""Every configured way together: exactly one of them must recognise a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from api.identity.anonymous import Anonymous
from api.identity.port import Presented, Way
from rag.access.groups import GroupHierarchy
from rag.domain.access import Principal
from rag.errors import AuthenticationError


class OneWay:
    """Several credentials in one request are an error, never a choice."""

    def __init__(
        self,
        ways: Sequence[Way],
        anonymous: Anonymous | None,
        groups: Callable[[], GroupHierarchy],
    ) -> None:
        self._ways = tuple(ways)
        self._anonymous = anonymous
        self._groups = groups

    def authenticate(self, presented: Presented) -> Principal:
        """The one principal of a request, its groups expanded; raises AuthenticationError."""
        return self.expanded(self._way(presented).authenticate(presented))

    def expanded(self, principal: Principal) -> Principal:
        """The principal with all that its groups include."""
        return replace(principal, groups=self._groups().expand(principal.groups))

    def _way(self, presented: Presented) -> Way:
        found = [way for way in self._ways if way.recognises(presented)]
        if len(found) > 1:
            raise AuthenticationError("send one credential, not several")
        if found:
            return found[0]
        if self._anonymous is not None and self._anonymous.recognises(presented):
            return self._anonymous
        raise AuthenticationError("send a credential")
