"""Text as a terminal may show it: characters that control it or hide text become escapes.

Control characters of C0 and C1, DEL, bidirectional overrides and isolates, line separators, tags,
lone surrogates, and characters without width that hide what stands around them. Escapes are
written as in Python and JSON: `\\x1b`, `\\u202e`.
"""

from __future__ import annotations

import re

# Joiners belong to emoji and to some scripts; between letters of ASCII they hide text.
_JOINER = r"(?<=[!-~])[\u200c\u200d]|[\u200c\u200d](?=[!-~])"
_HARMFUL = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b"
    r"\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IN_TEXT = re.compile(rf"[{_HARMFUL}]|{_JOINER}")
_IN_LINE = re.compile(rf"[\n{_HARMFUL}]|{_JOINER}")
_NAMED = {"\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    """Text of several lines; line breaks and tabs are kept."""
    return _IN_TEXT.sub(_escape, text)


def visible_line(text: str) -> str:
    """The same on one line: a line break, as in the name of a file, becomes an escape too."""
    return _IN_LINE.sub(_escape, text)


def json_escaped(json_text: str) -> str:
    """JSON that says the same, with these characters as escapes of its strings."""
    return _IN_TEXT.sub(_json_escape, json_text)


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    code = ord(char)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _NAMED.get(char) or (f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}")


def _json_escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
