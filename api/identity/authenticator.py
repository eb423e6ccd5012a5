"""Combines the configured methods: exactly one of them must match a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from api.identity.anonymous import Anonymous
from api.identity.port import AuthenticationMethod, Presented
from rag.access.groups import GroupHierarchy
from rag.domain.access import Principal
from rag.errors import AuthenticationError


class CombinedAuthenticator:
    """Chooses the one matching method; several credentials in one request are an error."""

    def __init__(
        self,
        methods: Sequence[AuthenticationMethod],
        anonymous: Anonymous | None,
        groups: Callable[[], GroupHierarchy],
    ) -> None:
        self._methods = tuple(methods)
        self._anonymous = anonymous
        self._groups = groups

    def authenticate(self, presented: Presented) -> Principal:
        """The principal of a request with expanded groups. Raises AuthenticationError."""
        return self.expanded(self._method(presented).authenticate(presented))

    def expanded(self, principal: Principal) -> Principal:
        """The principal with all groups that its groups include."""
        return replace(principal, groups=self._groups().expand(principal.groups))

    def _method(self, presented: Presented) -> AuthenticationMethod:
        found = [way for way in self._methods if way.matches(presented)]
        if len(found) > 1:
            raise AuthenticationError("send one credential, not several")
        if found:
            return found[0]
        if self._anonymous is not None and self._anonymous.matches(presented):
            return self._anonymous
        raise AuthenticationError("send a credential")
