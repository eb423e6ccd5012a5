"""ACL tags and the AccessFilter made from a Principal.

An ACL is a set of tags; a principal may read a document when it carries one of them. `public`
means every authenticated caller that carries a group at all. Tags are compared exactly:
no case folding and no Unicode, so that nothing can look like a tag that it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.domain.access import Principal
from rag.errors import InvalidTag

PUBLIC = "public"
MAX_TAG_LENGTH = 128
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+-]*(:[A-Za-z0-9][A-Za-z0-9._/@+-]*)*")


def parse_tag(raw: object) -> str:
    """One ACL tag, as written.

    Raises InvalidTag for anything but a short ASCII string like `team:payments` or `public`.
    """
    if not isinstance(raw, str):
        raise InvalidTag(f"an ACL tag must be text, not {type(raw).__name__}")
    if len(raw) > MAX_TAG_LENGTH or not _TAG.fullmatch(raw):
        raise InvalidTag(
            f"{raw[:40]!r} is not an ACL tag: use letters, digits and . _ / @ + - "
            f"around colons, like team:payments, at most {MAX_TAG_LENGTH} characters"
        )
    if raw != PUBLIC and raw.casefold() == PUBLIC:
        raise InvalidTag(f"{raw!r} is not an ACL tag: write {PUBLIC!r} in lower case")
    return raw


def parse_tags(raw: Iterable[object]) -> frozenset[str]:
    """A set of ACL tags; raises InvalidTag at the first that is not one."""
    return frozenset(parse_tag(tag) for tag in raw)


def readers_of_both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """An ACL by which no authenticated caller reads whom not both let; empty where none is left."""
    if (PUBLIC in one) == (PUBLIC in other):
        return one & other
    return other if PUBLIC in one else one


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """The predicate that decides what a principal may read; applied before top-k everywhere.

    `everything` is true for administrators alone.
    """

    tags: frozenset[str]
    everything: bool = False

    @property
    def nothing(self) -> bool:
        """True when no document can pass, so that no store need be asked."""
        return not self.everything and not self.tags

    def allows(self, acl: frozenset[str]) -> bool:
        """Whether a document with these ACL tags may be read."""
        return self.everything or not self.tags.isdisjoint(acl)


def access_filter(principal: Principal) -> AccessFilter:
    """The one way from a principal to what it may read."""
    if principal.administrator:
        return AccessFilter(tags=frozenset(), everything=True)
    if not principal.groups:
        return AccessFilter(tags=frozenset())
    everybody = {PUBLIC} if principal.authenticated else frozenset()
    return AccessFilter(tags=principal.groups | everybody)
