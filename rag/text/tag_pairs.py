"""Tags of shortcodes, components and elements in Markdown that close each other.

One pass over a text finds all pairs, so that a text of tags that nothing closes takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from rag.text.admonitions import admonition_kind

# A line and a column, both from 0.
Place = tuple[int, int]

_CODE_END = re.compile(
    r"[ \t>]*+(?:\{%-?\s*+end(?:highlight|code)\s*+-?%\}"
    r"|\{\{[<%]\s*+/\s*+(?:highlight|code|code-block)\s*+[%>]\}\})[ \t]*+"
)
_PREFIX = re.compile(r"[ \t>]*")
_FENCE = re.compile(r"(?:[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)?)(`{3,}+|~{3,}+)")
_COLONS = re.compile(r"[ \t>]*+(:{3,}+)[ \t]*+(\S?)")
_QUOTE_FENCE = re.compile(r"[ \t]*+>>>[ \t]*+(?:\[![\w-]{1,20}\].*+)?")
_TAG = re.compile(
    r"\{\{[<%]-?\s*+(?P<hugo_end>/?)\s*+(?P<hugo>[\w-]++)(?P<hugo_args>[^{}\n]*+)\}\}"
    r"|\{%-?\s*+(?P<liquid_end>end)?(?P<liquid>[\w-]++)(?P<liquid_args>[^{}\n]*+)\}"
    r"|<(?P<tag_end>/?)(?P<tag>[A-Za-z][\w.-]*+)(?P<tag_args>[^<>\n]*+)>"
)
# Elements that may be admonitions by their class; of components, the name says so.
_ELEMENTS = frozenset({"div", "aside", "section", "blockquote", "p", "article"})
_CLASS = re.compile(r"""\b(?:class|className|type|role|kind|style)\s*=\s*["']?([^"'<>]*)""")


@dataclass(frozen=True, slots=True)
class TagPair:
    """An admonition between two tags; `column` is that of the first, `open` and `close` its body's.

    `behind` is the line of the tag that closes it.
    """

    kind: str
    column: int
    open: Place
    close: Place
    behind: int


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    line: int
    start: int
    end: int
    closes: bool
    kind: str = ""


def tag_pairs(text: str, cache: MutableMapping[str, Any]) -> dict[int, TagPair]:
    """By the line on which it begins, each admonition between tags of which the first begins it."""
    if "tag_pairs" not in cache:
        cache["tag_pairs"] = dict(_pairs(text))
    found: dict[int, TagPair] = cache["tag_pairs"]
    return found


def paired_lines(text: str, cache: MutableMapping[str, Any]) -> dict[int, int]:
    """By the line of a `:::name` or `>>>`, the line that closes it."""
    if "paired_lines" not in cache:
        cache["paired_lines"] = dict(_closings(text))
    found: dict[int, int] = cache["paired_lines"]
    return found


def code_ends(text: str, cache: MutableMapping[str, Any]) -> list[int]:
    """The lines that close code between shortcodes."""
    if "code_ends" not in cache:
        lines = enumerate(text.split("\n"))
        cache["code_ends"] = [n for n, line in lines if "{" in line and _CODE_END.fullmatch(line)]
    found: list[int] = cache["code_ends"]
    return found


def _pairs(text: str) -> Iterator[tuple[int, TagPair]]:
    open_tags: dict[str, list[_Tag]] = {}
    for number, line in _outside_fences(text):
        if "<" not in line and "{" not in line:
            continue
        begins = _prefix(line)
        for tag in _tags(number, line):
            waiting = open_tags.setdefault(tag.name, [])
            if not tag.closes:
                waiting.append(tag if tag.start == begins else _Tag(tag.name, number, -1, 0, False))
            elif waiting:
                opened = waiting.pop()
                if opened.kind and opened.start >= 0:
                    yield opened.line, _pair(opened, tag)


def _pair(opened: _Tag, closed: _Tag) -> TagPair:
    body = (opened.line, opened.end), (closed.line, closed.start)
    return TagPair(opened.kind, opened.start, *body, closed.line)


def _prefix(line: str) -> int:
    found = _PREFIX.match(line)
    return found.end() if found else 0


def _tags(number: int, line: str) -> Iterator[_Tag]:
    for found in _TAG.finditer(line):
        form = found.lastgroup or ""
        form = form.removesuffix("_args")
        name, arguments = found[form], found[f"{form}_args"]
        if form == "tag" and (arguments.endswith("/") or not _may_hold(name)):
            continue
        closes = bool(found[f"{form}_end"])
        yield _Tag(
            f"{form}:{name}",
            number,
            found.start(),
            found.end(),
            closes,
            "" if closes else _kind(form, name, arguments),
        )


def _may_hold(name: str) -> bool:
    return name in _ELEMENTS or name[0].isupper()


def _kind(form: str, name: str, arguments: str) -> str:
    if form == "tag" and name in _ELEMENTS:
        words = " ".join(_CLASS.findall(arguments))
        return admonition_kind(f"{words} {name if name == 'aside' and words else ''}", words)
    # The names of components are written together: BannerWarning.
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return admonition_kind(spaced, arguments)


def _closings(text: str) -> Iterator[tuple[int, int]]:
    open_colons: list[tuple[int, int]] = []
    open_quote: int | None = None
    for number, line in _outside_fences(text):
        if ">>>" in line and _QUOTE_FENCE.fullmatch(line):
            if open_quote is None:
                open_quote = number
            elif line.strip() == ">>>":
                yield open_quote, number
                open_quote = None
        if ":::" not in line or not (found := _COLONS.match(line)):
            continue
        if found[2]:
            open_colons.append((len(found[1]), number))
            continue
        while open_colons:
            length, opened = open_colons.pop()
            if length <= len(found[1]):
                yield opened, number
                break


def _outside_fences(text: str) -> Iterator[tuple[int, str]]:
    fence = ""
    for number, line in enumerate(text.split("\n")):
        may_be_fence = "```" in line or "~~~" in line
        found = _FENCE.match(line) if may_be_fence else None
        if found and not fence:
            fence = found[1] if "{" not in line else ""
        elif found and found[1].startswith(fence) and not line[found.end() :].strip():
            fence = ""
            continue
        if not fence:
            yield number, line
