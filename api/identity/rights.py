"""What a person's groups permit, where rights do not stand in the credential itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rag.access.acl import parse_tag
from rag.domain.access import Principal
from rag.errors import InvalidTag


@dataclass(frozen=True, slots=True)
class GroupRights:
    """Rights by group. Everybody may search; `admin` comes from this table and nowhere else."""

    by_group: Mapping[str, frozenset[str]]

    def principal(self, name: str, groups: frozenset[str]) -> Principal:
        """A principal with the rights that its own groups were given by name."""
        given = (self.by_group.get(group, frozenset()) for group in groups)
        rights = frozenset({"search"}).union(*given)
        return Principal(name, groups, administrator="admin" in rights, rights=rights)


def tags_among(raw: Iterable[object]) -> tuple[frozenset[str], int]:
    """The ACL tags among what a third party calls groups, and how many others were left out.

    What is no tag is dropped, never mended into one: that could make it somebody else's group.
    """
    kept: set[str] = set()
    dropped = 0
    for item in raw:
        try:
            kept.add(parse_tag(item))
        except InvalidTag:
            dropped += 1
    return frozenset(kept), dropped
