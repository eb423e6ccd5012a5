"""Markdown: its blocks, with their lines and the titles of headings."""

from __future__ import annotations

from ingest.formats import plain_text
from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.text.blocks import moved, trees
from rag.text.lines import Lines
from rag.text.markdown import Markdown, parse_markdown

# A line longer than this is no prose or code that a person wrote, and slow to parse.
_MAX_LINE = 100_000
# The markup of a longer heading is kept: finding it takes time quadratic in the length.
_MAX_HEADING = 1000  # characters


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Top-level blocks; an item of a list is one block with everything nested in it."""
    if max(map(len, text.split("\n"))) > _MAX_LINE:
        return plain_text.blocks(text, first_line)
    try:
        markdown = parse_markdown(text, dialects=True)
    except RecursionError:
        return plain_text.blocks(text, first_line)
    lines = Lines(text)
    made: list[Block] = []
    above = 0
    for tree in trees(markdown.blocks):
        top = tree[0]
        first, last = (first_line + lines.number(at) for at in (top.start, top.end))
        made.append(
            Block(
                kind=top.kind,
                text=text[top.start : top.end],
                lines=LineSpan(first, last),
                level=top.level,
                title=_title(markdown, top, text),
                language=top.language,
                admonition=top.admonition,
                parts=tuple(moved(tree, -top.start, -above)),
            )
        )
        above += len(tree)
    return tuple(made)


def _title(markdown: Markdown, block: documents.Block, text: str) -> str:
    if block.kind is not BlockKind.HEADING:
        return ""
    heading = text[block.body_start : block.body_end]
    if len(heading) > _MAX_HEADING:
        return " ".join(heading.split())
    return markdown.without_inline_markup(heading)
