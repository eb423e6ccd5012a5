"""Decodes base64, so that a placeholder is known as one when it is encoded."""

from __future__ import annotations

import re
from base64 import b64decode

_BASE64 = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}|[A-Za-z0-9_-]{4,}={0,2}")
_MAX_LENGTH = 8192  # characters: a pair of user and password, or a certificate


def decoded_base64(text: str) -> str:
    """The text that `text` encodes; empty where it encodes no printable text."""
    if len(text) > _MAX_LENGTH or not _BASE64.fullmatch(text):
        return ""
    bare = text.rstrip("=")
    alternatives = b"-_" if "-" in bare or "_" in bare else None
    try:
        plain = b64decode(bare + "=" * (-len(bare) % 4), alternatives).decode("utf-8").strip()
    except ValueError:
        return ""
    return plain if all(one.isprintable() or one.isspace() for one in plain) else ""
