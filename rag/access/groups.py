"""Groups that include others: a member of `role:sre` is also a member of what it includes.

Pure and monotone: more groups in, no fewer out. A group never gains itself by a detour, because
a hierarchy that comes back to where it started is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rag.access.acl import PUBLIC, parse_tag, parse_tags
from rag.errors import ConfigurationError, InvalidTag


class GroupHierarchy:
    """What each group includes, directly or through others; `None` includes nothing."""

    def __init__(self, includes: Mapping[str, Iterable[str]] | None = None) -> None:
        """Raises ConfigurationError for what is no group, and for a circle of groups."""
        direct = {_group(name): _groups(name, groups) for name, groups in (includes or {}).items()}
        self._reach: dict[str, frozenset[str]] = {}
        for name in direct:
            self._close(name, direct, ())

    def expand(self, groups: frozenset[str]) -> frozenset[str]:
        """These groups and all that they include. No groups stay no groups."""
        return groups.union(*(self._reach.get(group, frozenset()) for group in groups))

    def _close(
        self, name: str, direct: Mapping[str, frozenset[str]], above: tuple[str, ...]
    ) -> frozenset[str]:
        if name in above:
            circle = " -> ".join((*above[above.index(name) :], name))
            raise ConfigurationError(f"groups: {circle} goes in a circle; take one of them out")
        if name not in self._reach:
            inside = direct.get(name, frozenset())
            below = (self._close(group, direct, (*above, name)) for group in sorted(inside))
            self._reach[name] = inside.union(*below)
        return self._reach[name]


def _group(name: str) -> str:
    try:
        tag = parse_tag(name)
    except InvalidTag as error:
        raise ConfigurationError(f"groups: {error}") from error
    if tag == PUBLIC:
        raise ConfigurationError(
            f"groups: {PUBLIC!r} includes nothing and is included by none: "
            "every caller with a group carries it"
        )
    return tag


def _groups(name: str, raw: Iterable[str]) -> frozenset[str]:
    if isinstance(raw, str):
        raise ConfigurationError(f"groups: {name!r} needs a list of groups")
    try:
        return frozenset(_group(tag) for tag in parse_tags(raw))
    except InvalidTag as error:
        raise ConfigurationError(f"groups: {error}") from error
