"""What stands above a block of AsciiDoc: its title, its style and the language of its code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ATTRIBUTES = re.compile(r"\[((?:[^\[\]\"\n]++|\"[^\"\n]*+\")*+)\][ \t]*+")
_TITLE = re.compile(r"\.(?![\s.])\S.*")
_STYLE = re.compile(r"[\w-]*+")
_LANGUAGE = re.compile(r"[\w+-]++")
_ADMONITIONS = frozenset({"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"})


@dataclass(frozen=True, slots=True)
class Described:
    """`behind` is the line of the block itself; `title_line` that of its title, if it has one."""

    behind: int
    title_line: int | None = None
    style: str = ""
    language: str = ""

    @property
    def is_admonition(self) -> bool:
        return self.style in _ADMONITIONS


def described(lines: Sequence[str], start: int) -> Described:
    """What the lines from `start` on say of the block below them."""
    at, title, style, language = start, None, "", ""
    while at < len(lines):
        attributes = _ATTRIBUTES.fullmatch(lines[at])
        if attributes and not lines[at].startswith("[["):
            style, language = _style(attributes[1], style, language)
        elif title is None and _TITLE.fullmatch(lines[at]):
            title = at
        elif not attributes:
            break
        at += 1
    return Described(at, title, style, language)


def _style(attributes: str, style: str, language: str) -> tuple[str, str]:
    """The style and language that an attribute list gives, else those before it."""
    first, *rest = (part.strip() for part in attributes.split(",", 2))
    found = _STYLE.match(first)
    named = found[0] if found else ""
    is_code = named == "source" or (not first and bool(rest))
    second = _LANGUAGE.fullmatch(rest[0]) if is_code and rest else None
    return named or ("source" if is_code else style), second[0].lower() if second else language
