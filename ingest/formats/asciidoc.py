"""AsciiDoc, line by line: no maintained parser for it knows its lines in Python."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.formats.line_blocks import LineBlocks
from ingest.formats.nested_lines import MAX_DEPTH, Body
from ingest.reading.blocks import Block, BlockKind

_HEADING = re.compile(r"(={1,6})\s+(\S.*)")
_LISTING = re.compile(r"(-{4,}|\.{4,}|`{3,}|\+{4,}|/{4,})\w*\s*")
_TABLE = re.compile(r"[|,:!]===\s*")
_SOURCE = re.compile(r"\[source\s*,\s*([\w+-]++).*\]")
_ATTRIBUTES = re.compile(r"\[[^\]]*\]\s*")
_STEP = re.compile(r"\A\s*(?:\.{1,5}|(\d{1,3})\.)\s+(?=\S)")
_ITEM = re.compile(r"\s*(?:\*{1,5}|-)\s+(?=\S)")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s+(?=\S)")
_ADMONITION_STYLE = re.compile(r"\[(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\b[^\]]*\]\s*")
_CONTINUATION = "+"
_EXAMPLE = re.compile(r"={4,}\s*")


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Sections, listings, tables, admonitions, numbered and bulleted items, paragraphs."""
    return _Reader(text.split("\n"), first_line).read()


class _Reader:
    """Reads lines as blocks; `depth` counts the items that they stand in."""

    def __init__(self, lines: Sequence[str], first_line: int = 1, depth: int = 0) -> None:
        self._lines = lines
        self._depth = depth
        self._made = LineBlocks(lines, first_line)
        self._admonition = ""  # of the example block that is open
        self._fence = ""

    def read(self) -> tuple[Block, ...]:
        index = 0
        while index < len(self._lines):
            index = self._take(index) if self._lines[index].strip() else index + 1
        return self._made.finished()

    def _take(self, start: int) -> int:
        line = self._lines[start]
        heading = _HEADING.fullmatch(line)
        if heading:
            body = Body(start, start + 1, heading.start(2))
            level, title = len(heading[1]), heading[2].strip()
            self._made.add(BlockKind.HEADING, start, start + 1, level=level, title=title, body=body)
            return start + 1
        return (
            self._take_delimited(start)
            or self._take_fence_of_admonition(start)
            or self._take_run(start)
        )

    def _take_delimited(self, start: int) -> int | None:
        """Add the listing or table that begins here, attributes included."""
        lines = self._lines
        described = _ATTRIBUTES.fullmatch(lines[start]) and start + 1 < len(lines)
        opening = start + 1 if described else start
        for pattern, kind in ((_LISTING, BlockKind.CODE), (_TABLE, BlockKind.TABLE)):
            if pattern.fullmatch(lines[opening]):
                source = _SOURCE.fullmatch(lines[start].strip())
                end, closed = _closing(lines, opening)
                self._made.add(
                    kind,
                    start,
                    end,
                    language=source[1].lower() if source else "",
                    admonition=self._admonition,
                    body=Body(opening + 1, end - closed),
                )
                return end
        return None

    def _take_fence_of_admonition(self, start: int) -> int | None:
        """Add what opens or closes an admonition of several blocks."""
        lines = self._lines
        if self._fence and lines[start].strip() == self._fence:
            self._made.add(BlockKind.OTHER, start, start + 1, admonition=self._admonition)
            self._admonition = self._fence = ""
            return start + 1
        style = _ADMONITION_STYLE.fullmatch(lines[start])
        if style and start + 1 < len(lines) and _EXAMPLE.fullmatch(lines[start + 1]):
            self._admonition, self._fence = style[1].lower(), lines[start + 1].strip()
            self._made.add(BlockKind.OTHER, start, start + 2, admonition=self._admonition)
            return start + 2
        return None

    def _take_run(self, start: int) -> int:
        """Add a comment, an item, a paragraph, or an admonition of one paragraph."""
        line = self._lines[start]
        if line.startswith("//") or (self._depth and line.strip() == _CONTINUATION):
            self._made.add(BlockKind.OTHER, start, start + 1)
            return start + 1
        kind = _kind_of_run(line)
        end = self._end_of_run(start, hanging=kind is not BlockKind.PARAGRAPH)
        label = _ADMONITION.match(line) or _ADMONITION_STYLE.fullmatch(line)
        if kind is BlockKind.PARAGRAPH and label:
            body = (
                Body(start, end, label.end()) if label.re is _ADMONITION else Body(start + 1, end)
            )
            self._made.add(BlockKind.ADMONITION, start, end, admonition=label[1].lower(), body=body)
            return end
        mark = _STEP.match(line) or _ITEM.match(line)
        step = mark is not None and mark.re is _STEP and mark[1]
        self._made.add(
            kind,
            start,
            end,
            number=int(step) if step else 0,
            admonition=self._admonition,
            body=Body(start, end, mark.end() if mark else 0),
            reader=self._nested if mark and self._depth < MAX_DEPTH else None,
        )
        return end

    def _nested(self, lines: Sequence[str]) -> tuple[Block, ...]:
        return _Reader(lines, depth=self._depth + 1).read()

    def _end_of_run(self, start: int, *, hanging: bool) -> int:
        """A paragraph ends at a blank line; an item takes what `+` joins to it."""
        lines = self._lines
        end = start + 1
        while end < len(lines) and lines[end].strip():
            text = lines[end].strip()
            if (
                _HEADING.fullmatch(lines[end])
                or _kind_of_run(lines[end]) is not BlockKind.PARAGRAPH
            ):
                break
            if text == self._fence or (self._depth and not hanging and text == _CONTINUATION):
                break
            end = _end_of_joined(lines, end + 1) if hanging and text == _CONTINUATION else end + 1
        return end


def _kind_of_run(line: str) -> BlockKind:
    if _STEP.match(line):
        return BlockKind.STEP
    return BlockKind.ITEM if _ITEM.match(line) else BlockKind.PARAGRAPH


def _closing(lines: Sequence[str], opening: int) -> tuple[int, bool]:
    """Behind the delimited block that opens at `opening`, and whether it is closed."""
    fence = lines[opening].strip()
    closed = (i + 1 for i in range(opening + 1, len(lines)) if lines[i].strip() == fence)
    end = next(closed, None)
    return (len(lines), False) if end is None else (end, True)


def _end_of_joined(lines: Sequence[str], start: int) -> int:
    inner = start
    while inner < len(lines) and _ATTRIBUTES.fullmatch(lines[inner]):
        inner += 1
    if inner < len(lines) and (_LISTING.fullmatch(lines[inner]) or _TABLE.fullmatch(lines[inner])):
        return _closing(lines, inner)[0]
    return min(start + 1, len(lines))
