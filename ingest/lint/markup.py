"""What the blocks of a Markdown page do not tell: links, anchors, fences at any depth, comments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.addresses.anchors import AnchorStyle, anchor_of

_MAX_NESTING = 40
_MAX_LINE = 100_000
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<[^<>]*+")
_NAMED_PLACE = re.compile(r"(?<=\s)(?:id|name)\s*=\s*[\"']?([^\s\"'>]+)", re.IGNORECASE)
_EXPLICIT_ANCHOR = re.compile(r"\{:?\s*+#([^{}\s]++)[^{}]*+\}\s*$")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link or an image leads, as it is written."""

    line: int
    target: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code; `language` is empty where none is named."""

    line: int
    language: str


@dataclass(frozen=True, slots=True)
class Comment:
    """An HTML comment: readers of the rendered page do not see it, a model does."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Markup:
    """Lines count from 1 in the file. `anchors` are what `#…` may name."""

    links: tuple[Link, ...] = ()
    fences: tuple[Fence, ...] = ()
    comments: tuple[Comment, ...] = ()
    anchors: frozenset[str] = frozenset()


def read_markup(text: str, first_line: int) -> Markup:
    """The markup of a Markdown text that begins on line `first_line` of its file."""
    if max(map(len, text.split("\n"))) > _MAX_LINE:
        return Markup()
    try:
        tokens = _parser().parse(text)
    except RecursionError:
        return Markup()
    placed = list(_placed(tokens, first_line))
    return Markup(
        links=tuple(_links(placed)),
        fences=tuple(_fences(placed)),
        comments=tuple(_comments(placed)),
        anchors=frozenset(_anchors(placed)),
    )


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")


_Placed = tuple[Token, int]


def _placed(tokens: Sequence[Token], first_line: int) -> Iterator[_Placed]:
    """Every token, those within a line too, with its line; one without takes the last known."""
    line = first_line
    for token in tokens:
        if token.map:
            line = first_line + token.map[0]
        yield token, line
        here = line
        for child in token.children or ():
            yield child, here
            here += child.type in ("softbreak", "hardbreak")
            here += child.content.count("\n") if child.type == "html_inline" else 0


def _links(placed: Iterable[_Placed]) -> Iterator[Link]:
    for token, line in placed:
        target = token.attrGet({"link_open": "href", "image": "src"}.get(token.type, ""))
        if isinstance(target, str) and target:
            yield Link(line, target)


def _fences(placed: Iterable[_Placed]) -> Iterator[Fence]:
    for token, line in placed:
        if token.type in ("fence", "code_block"):
            yield Fence(line, token.info.split()[0].lower() if token.info.split() else "")


def _comments(placed: Iterable[_Placed]) -> Iterator[Comment]:
    for token, line in placed:
        if token.type in ("html_block", "html_inline"):
            for found in _COMMENT.finditer(token.content):
                before = token.content.count("\n", 0, found.start())
                yield Comment(line + before, found[1].strip())


def _anchors(placed: Sequence[_Placed]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for index, (token, _) in enumerate(placed):
        if token.type in ("html_block", "html_inline"):
            for tag in _TAG.findall(token.content):
                yield from _NAMED_PLACE.findall(tag)
        elif token.type == "heading_open":
            heading = _text(placed[index + 1][0])
            if named := _EXPLICIT_ANCHOR.search(heading):
                yield named[1]
                heading = heading[: named.start()]
            for slug in {anchor_of(heading, style) for style in AnchorStyle}:
                yield from (
                    (f"{slug}-{seen[slug]}", f"{slug}_{seen[slug]}") if seen[slug] else (slug,)
                )
                seen[slug] += 1


def _text(heading: Token) -> str:
    return "".join(
        child.content for child in heading.children or () if child.type in ("text", "code_inline")
    )
