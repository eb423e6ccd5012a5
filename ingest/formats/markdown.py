"""Markdown, by markdown-it-py: its tokens know their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.formats import plain_text
from ingest.formats.line_blocks import LineBlocks
from ingest.reading.blocks import Block, BlockKind

_MAX_NESTING = 40
# Past this length of a line, inline markup costs more than it tells.
_MAX_LINE = 100_000
_KINDS = {
    "paragraph_open": BlockKind.PARAGRAPH,
    "table_open": BlockKind.TABLE,
    "blockquote_open": BlockKind.QUOTE,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
}


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Top-level blocks; an item of a list is one block with everything nested in it."""
    lines = text.split("\n")
    if max(map(len, lines)) > _MAX_LINE:
        return plain_text.blocks(text, first_line)
    try:
        tokens = _parser().parse(text)
    except RecursionError:
        return plain_text.blocks(text, first_line)
    made = LineBlocks(lines, first_line)
    for token, following in _top_level(tokens):
        _add(made, token, following)
    return made.finished()


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")


def _top_level(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token | None]]:
    """Tokens that open a top-level block or an item of a top-level list, each with the next."""
    for index, token in enumerate(tokens):
        opens_item = token.type == "list_item_open" and token.level == 1
        if token.map and token.nesting >= 0 and (token.level == 0 or opens_item):
            yield token, tokens[index + 1] if index + 1 < len(tokens) else None


def _add(made: LineBlocks, token: Token, following: Token | None) -> None:
    if token.map is None or token.type in ("ordered_list_open", "bullet_list_open"):
        return
    start, end = token.map
    if token.type == "heading_open":
        title = _plain(following) if following else ""
        made.add(BlockKind.HEADING, start, end, level=int(token.tag[1:]), title=title)
    elif token.type == "list_item_open":
        # The info of an item of a numbered list is its number.
        made.add(BlockKind.STEP if token.info else BlockKind.ITEM, start, end)
    elif token.type in _KINDS:
        language = token.info.split()[0].lower() if token.info.split() else ""
        made.add(_KINDS[token.type], start, end, language=language)


def _plain(inline: Token) -> str:
    """A heading's text without its markup."""
    told = "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in inline.children or ()
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    )
    return " ".join(told.split())
