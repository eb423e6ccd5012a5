"""Rows of a table whose cells are separated by bars, as Markdown writes them."""

from __future__ import annotations

import re

_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r":?-+:?")


def cells(row: str) -> list[str]:
    """The cells of a row; a bar behind a backslash is a character of its cell."""
    text = row.strip()
    inner = _BAR.split(text)
    if inner and not inner[0].strip() and text.startswith("|"):
        inner = inner[1:]
    if inner and not inner[-1].strip():
        inner = inner[:-1]
    return [cell.strip().replace("\\|", "|") for cell in inner]


def is_rule(row: str) -> bool:
    """Whether a row is the line below the names of the columns."""
    inside = cells(row)
    return bool(inside) and all(_RULE.fullmatch(cell) for cell in inside)
