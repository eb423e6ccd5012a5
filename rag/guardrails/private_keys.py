"""Private keys in PEM and OpenPGP armour, on one line (`\\n`) or on many."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.guardrails.secret_forms import PRIVATE_KEY

# Base64 behind the first line, which a key that is cut off ends with.
_BASE64_LINES = re.compile(
    r"(?:(?:\s|\\n|\\r)*+(?:[\w-]{1,30}: [^\n\\]{0,200}|[>|] ?|[A-Za-z0-9+/=]{16,}+))*+"
)
_KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/=]{4,}")
_NO_MATERIAL = re.compile(
    r"\.\.\.|…|<|\{\{|\$\{|\$\(|\bx{4,}|\bX{4,}|\[|\*{3}|your|goes here|redacted"
)


def private_keys(text: str) -> Iterator[tuple[int, int]]:
    """Where each private key begins and ends; its first line alone is none."""
    for match in PRIVATE_KEY.finditer(text):
        body = match.start("body")
        if match["end"] is not None:
            if _holds_key(match["body"]):
                yield match.span()
            continue
        cut = _BASE64_LINES.match(text, body, match.end("body"))
        end = cut.end() if cut else body
        if _holds_key(text[body:end]):
            yield match.start(), end


def _holds_key(body: str) -> bool:
    if _NO_MATERIAL.search(body.lower()) and len(body) < 200:
        return False
    return bool(_KEY_MATERIAL.search(body.replace("\\n", "\n")))
