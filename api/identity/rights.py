"""Rights by group, for credentials that carry no rights themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rag.access.acl import parse_tag
from rag.domain.access import Principal
from rag.errors import InvalidTag


@dataclass(frozen=True, slots=True)
class GroupRights:
    """Rights by group. Everyone may search; `admin` comes only from this table."""

    by_group: Mapping[str, frozenset[str]]

    def principal(self, name: str, groups: frozenset[str]) -> Principal:
        """A principal with the rights of its own (not its included) groups."""
        given = (self.by_group.get(group, frozenset()) for group in groups)
        rights = frozenset({"search"}).union(*given)
        return Principal(name, groups, administrator="admin" in rights, rights=rights)


def valid_tags(raw: Iterable[object]) -> tuple[frozenset[str], int]:
    """The valid ACL tags among external group names, and the number of dropped ones.

    Invalid names are never corrected: that could turn them into someone else's group.
    """
    kept: set[str] = set()
    dropped = 0
    for item in raw:
        try:
            kept.add(parse_tag(item))
        except InvalidTag:
            dropped += 1
    return frozenset(kept), dropped
