"""Who asks on the command line: the local administrator, or one with the tags of `--as`."""

from __future__ import annotations

from collections.abc import Sequence

from api.compose.local import LOCAL_ADMINISTRATOR
from api.settings import Settings
from rag.access.acl import parse_tags
from rag.access.groups import GroupHierarchy
from rag.domain.access import Principal


def local_principal(settings: Settings, tags: Sequence[str]) -> Principal:
    """A principal with these tags and what they include; without tags the local administrator."""
    if not tags:
        return LOCAL_ADMINISTRATOR
    return Principal("local", GroupHierarchy(settings.groups).expand(parse_tags(tags)))
