"""reStructuredText, line by line: docutils' own line numbers miss by one or more for many nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.formats.line_blocks import LineBlocks
from ingest.formats.nested_lines import MAX_DEPTH, Body, Reader, common_indent
from ingest.reading.blocks import Block, BlockKind

_ADORNMENT = re.compile(r"""([!-/:-@\[-`{-~])\1{2,}\s*""")
_STEP = re.compile(r"(?:(\d{1,3})|#|[a-zA-Z])[.)]\s+(?=\S)")
_ITEM = re.compile(r"[-*+•]\s+(?=\S)")
_CODE_DIRECTIVE = re.compile(r"\.\.\s+(?:code-block|code|sourcecode|highlight)::\s*(\S*)\s*")
_TABLE_DIRECTIVE = re.compile(r"\.\.\s+(?:list-table|csv-table|table)::.*")
# https://docutils.sourceforge.io/docs/ref/rst/directives.html#admonitions
_ADMONITION = re.compile(
    r"\.\.\s+(attention|caution|danger|error|hint|important|note|tip|warning)::\s*", re.IGNORECASE
)
_OPTION = re.compile(r"\s+:[\w-]+:")
_GRID = re.compile(r"\+[-=+]{3,}\+\s*")
_SIMPLE = re.compile(r"=+(?:\s+=+)+\s*")


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Sections, literal blocks, tables, admonitions, numbered and bulleted items, paragraphs."""
    return _Reader(text.split("\n"), first_line).read()


class _Reader:
    """Reads lines as blocks; `depth` counts the blocks that they stand in."""

    def __init__(self, lines: Sequence[str], first_line: int = 1, depth: int = 0) -> None:
        self._lines = lines
        self._depth = depth
        self._made = LineBlocks(lines, first_line)
        self._adornments: list[str] = []

    def read(self) -> tuple[Block, ...]:
        index = 0
        while index < len(self._lines):
            if self._lines[index].strip():
                index = self._take_section(index) or self._take(index)
            else:
                index += 1
        return self._made.finished()

    def _take_section(self, start: int) -> int | None:
        """Add the section title that begins here, if one does; its level is its adornment's."""
        lines = self._lines
        over = _ADORNMENT.fullmatch(lines[start])
        title_at = start + 1 if over else start
        if self._depth or title_at + 1 >= len(lines) or not lines[title_at].strip():
            return None
        under = _ADORNMENT.fullmatch(lines[title_at + 1])
        if under is None or _ADORNMENT.fullmatch(lines[title_at]) or (over and over[1] != under[1]):
            return None
        style = under[1] * 2 if over else under[1]
        if style not in self._adornments:
            self._adornments.append(style)
        self._made.add(
            BlockKind.HEADING,
            start,
            title_at + 2,
            level=self._adornments.index(style) + 1,
            title=lines[title_at].strip(),
            body=Body(title_at, title_at + 1),
        )
        return title_at + 2

    def _take(self, start: int) -> int:
        """Add the block that begins here; returns where the next one may begin."""
        line = self._lines[start]
        if line.startswith(".."):
            return self._take_directive(start)
        if _GRID.fullmatch(line) or _SIMPLE.fullmatch(line):
            end = _end_of_run(self._lines, start)
            self._made.add(BlockKind.TABLE, start, end)
            return end
        mark = _STEP.match(line) or _ITEM.match(line)
        if mark is None and not line[0].isspace():
            return self._take_paragraph(start)
        end = _end_of_indented(self._lines, start)
        if mark is None:
            self._made.add(BlockKind.QUOTE, start, end, reader=self._reader())
            return end
        number = mark[1] if mark.re is _STEP else None
        self._made.add(
            BlockKind.STEP if mark.re is _STEP else BlockKind.ITEM,
            start,
            end,
            number=int(number) if number else 0,
            body=Body(start, end, mark.end()),
            reader=self._reader(),
        )
        return end

    def _take_directive(self, start: int) -> int:
        line = self._lines[start]
        end = _end_of_indented(self._lines, start)
        code, admonition = _CODE_DIRECTIVE.fullmatch(line), _ADMONITION.match(line)
        below = self._behind_options(start, end)
        if code:
            self._made.add(
                BlockKind.CODE,
                start,
                end,
                language=code[1].lower(),
                indent=common_indent(self._lines[below:end]),
                body=Body(below, end),
            )
        elif _TABLE_DIRECTIVE.fullmatch(line):
            self._made.add(BlockKind.TABLE, start, end, body=Body(below, end))
        elif admonition:
            same_line = admonition.end() < len(line)
            body = Body(start, end, admonition.end()) if same_line else Body(below, end)
            self._made.add(
                BlockKind.ADMONITION,
                start,
                end,
                admonition=admonition[1].lower(),
                body=body,
                reader=self._reader(),
            )
        else:
            self._made.add(BlockKind.OTHER, start, end)
        return end

    def _behind_options(self, start: int, end: int) -> int:
        """The first line of a directive's content."""
        line = start + 1
        while line < end and _OPTION.match(self._lines[line]):
            line += 1
        while line < end and not self._lines[line].strip():
            line += 1
        return line

    def _take_paragraph(self, start: int) -> int:
        """A paragraph, and the literal block that a `::` at its end announces."""
        end = _end_of_run(self._lines, start)
        self._made.add(BlockKind.PARAGRAPH, start, end)
        if end == len(self._lines) or not self._lines[end - 1].rstrip().endswith("::"):
            return end
        literal = _end_of_indented(self._lines, end)
        if literal > end:
            indent = common_indent(self._lines[end:literal])
            self._made.add(BlockKind.CODE, end, literal, indent=indent)
        return max(literal, end)

    def _reader(self) -> Reader | None:
        if self._depth >= MAX_DEPTH:
            return None
        return lambda lines: _Reader(lines, depth=self._depth + 1).read()


def _end_of_indented(lines: Sequence[str], start: int) -> int:
    """Behind the lines that hang below `start`, blank ones between them included."""
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0].isspace()):
        end += 1
    return end


def _end_of_run(lines: Sequence[str], start: int) -> int:
    end = start + 1
    while end < len(lines) and lines[end].strip():
        end += 1
    return end
