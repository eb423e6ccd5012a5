"""AsciiDoc, line by line: no maintained parser for it knows its lines in Python."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.formats.line_blocks import LineBlocks
from ingest.reading.blocks import Block, BlockKind

_HEADING = re.compile(r"(={1,6})\s+(\S.*)")
_LISTING = re.compile(r"(-{4,}|\.{4,}|`{3,}|\+{4,}|/{4,})\w*\s*")
_TABLE = re.compile(r"[|,:!]===\s*")
_SOURCE = re.compile(r"\[source\s*,\s*([\w+-]+).*\]")
_ATTRIBUTES = re.compile(r"\[[^\]]*\]\s*")
_STEP = re.compile(r"\s*(?:\.{1,5}|\d{1,3}\.)\s+\S")
_ITEM = re.compile(r"\s*(?:\*{1,5}|-)\s+\S")


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Sections, listings, tables, numbered and bulleted items, paragraphs."""
    lines = text.split("\n")
    made = LineBlocks(lines, first_line)
    index = 0
    while index < len(lines):
        index = _take(made, lines, index) if lines[index].strip() else index + 1
    return made.finished()


def _take(made: LineBlocks, lines: Sequence[str], start: int) -> int:
    heading = _HEADING.fullmatch(lines[start])
    if heading:
        level, title = len(heading[1]), heading[2].strip()
        made.add(BlockKind.HEADING, start, start + 1, level=level, title=title)
        return start + 1
    inner = start + 1 if _ATTRIBUTES.fullmatch(lines[start]) and start + 1 < len(lines) else start
    for pattern, kind in ((_LISTING, BlockKind.CODE), (_TABLE, BlockKind.TABLE)):
        if pattern.fullmatch(lines[inner]):
            source = _SOURCE.fullmatch(lines[start].strip())
            end = _closing(lines, inner)
            made.add(kind, start, end, language=source[1].lower() if source else "")
            return end
    if lines[start].startswith("//"):
        made.add(BlockKind.OTHER, start, start + 1)
        return start + 1
    kind = _kind_of_run(lines[start])
    end = _end_of_run(lines, start, hanging=kind is not BlockKind.PARAGRAPH)
    made.add(kind, start, end)
    return end


def _kind_of_run(line: str) -> BlockKind:
    if _STEP.match(line):
        return BlockKind.STEP
    return BlockKind.ITEM if _ITEM.match(line) else BlockKind.PARAGRAPH


def _closing(lines: Sequence[str], opening: int) -> int:
    """Where the delimited block that opens at `opening` ends; at the end if it never closes."""
    fence = lines[opening].strip()
    closed = (i + 1 for i in range(opening + 1, len(lines)) if lines[i].strip() == fence)
    return next(closed, len(lines))


def _end_of_run(lines: Sequence[str], start: int, *, hanging: bool) -> int:
    """A paragraph ends at a blank line; an item takes what `+` joins to it."""
    end = start + 1
    while end < len(lines) and lines[end].strip():
        if _HEADING.fullmatch(lines[end]) or _kind_of_run(lines[end]) is not BlockKind.PARAGRAPH:
            break
        if hanging and lines[end].strip() == "+":
            end = _end_of_joined(lines, end + 1)
            continue
        end += 1
    return end


def _end_of_joined(lines: Sequence[str], start: int) -> int:
    inner = start
    while inner < len(lines) and _ATTRIBUTES.fullmatch(lines[inner]):
        inner += 1
    if inner < len(lines) and (_LISTING.fullmatch(lines[inner]) or _TABLE.fullmatch(lines[inner])):
        return _closing(lines, inner)
    return min(start + 1, len(lines))
