"""Who asks on the command line."""

from __future__ import annotations

from rag.acl import parse_tags
from rag.domain import Principal


def local_principal(tags: tuple[str, ...]) -> Principal:
    """One with these tags and no others; without any, the local administrator."""
    from api.bootstrap import LOCAL_ADMINISTRATOR

    return Principal("local", parse_tags(tags)) if tags else LOCAL_ADMINISTRATOR
