"""The opaque cursor of a page: where the page before it ended.

It holds only what its caller has just read, and moves only the start of a page: what may be on
the page is decided by the access filter, whatever a caller writes into a cursor.
"""

from __future__ import annotations

import base64

# Before every document: no source has an empty name.
START = ("", "")


def encode(after: tuple[str, str]) -> str:
    """A cursor behind this source and path."""
    return base64.urlsafe_b64encode("\0".join(after).encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[str, str]:
    """The source and path that a page ended with; raises ValueError for anything else."""
    padded = cursor + "=" * (-len(cursor) % 4)
    source, path = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split("\0")
    return source, path
