"""reStructuredText, line by line: docutils' own line numbers miss by one or more for many nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.formats.line_blocks import LineBlocks
from ingest.reading.blocks import Block, BlockKind

_ADORNMENT = re.compile(r"""([!-/:-@\[-`{-~])\1{2,}\s*""")
_STEP = re.compile(r"(?:\d{1,3}|#|[a-zA-Z])[.)]\s+\S")
_ITEM = re.compile(r"[-*+•]\s+\S")
_CODE_DIRECTIVE = re.compile(r"\.\.\s+(?:code-block|code|sourcecode|highlight)::\s*(\S*)\s*")
_TABLE_DIRECTIVE = re.compile(r"\.\.\s+(?:list-table|csv-table|table)::.*")
_GRID = re.compile(r"\+[-=+]{3,}\+\s*")
_SIMPLE = re.compile(r"=+(?:\s+=+)+\s*")


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Sections by their adornments, literal blocks, tables, numbered and bulleted items."""
    lines = text.split("\n")
    made = LineBlocks(lines, first_line)
    adornments: list[str] = []
    index = 0
    while index < len(lines):
        if not lines[index].strip():
            index += 1
            continue
        index = _section(made, lines, index, adornments) or _take(made, lines, index)
    return made.finished()


def _section(
    made: LineBlocks, lines: Sequence[str], start: int, adornments: list[str]
) -> int | None:
    """Add the section title that begins at `start`, if one does; its level is its adornment's."""
    over = _ADORNMENT.fullmatch(lines[start])
    title_at = start + 1 if over else start
    if title_at + 1 >= len(lines) or not lines[title_at].strip():
        return None
    under = _ADORNMENT.fullmatch(lines[title_at + 1])
    if under is None or _ADORNMENT.fullmatch(lines[title_at]) or (over and over[1] != under[1]):
        return None
    style = under[1] * 2 if over else under[1]
    if style not in adornments:
        adornments.append(style)
    level, title = adornments.index(style) + 1, lines[title_at].strip()
    made.add(BlockKind.HEADING, start, title_at + 2, level=level, title=title)
    return title_at + 2


def _take(made: LineBlocks, lines: Sequence[str], start: int) -> int:
    line = lines[start]
    code = _CODE_DIRECTIVE.fullmatch(line)
    if code:
        return _add(made, BlockKind.CODE, start, _end_of_indented(lines, start), code[1].lower())
    if _TABLE_DIRECTIVE.fullmatch(line):
        return _add(made, BlockKind.TABLE, start, _end_of_indented(lines, start))
    if _GRID.fullmatch(line) or _SIMPLE.fullmatch(line):
        return _add(made, BlockKind.TABLE, start, _end_of_table(lines, start))
    if line.startswith(".."):
        return _add(made, BlockKind.OTHER, start, _end_of_indented(lines, start))
    if _STEP.match(line) or _ITEM.match(line):
        kind = BlockKind.STEP if _STEP.match(line) else BlockKind.ITEM
        return _add(made, kind, start, _end_of_indented(lines, start))
    if line[0].isspace():
        return _add(made, BlockKind.QUOTE, start, _end_of_indented(lines, start))
    return _paragraph(made, lines, start)


def _paragraph(made: LineBlocks, lines: Sequence[str], start: int) -> int:
    """A paragraph, and the literal block that a `::` at its end announces."""
    end = start + 1
    while end < len(lines) and lines[end].strip():
        end += 1
    made.add(BlockKind.PARAGRAPH, start, end)
    if end == len(lines) or not lines[end - 1].rstrip().endswith("::"):
        return end
    literal = _end_of_indented(lines, end)
    return _add(made, BlockKind.CODE, end, literal) if literal > end else end


def _add(made: LineBlocks, kind: BlockKind, start: int, end: int, language: str = "") -> int:
    made.add(kind, start, end, language=language)
    return end


def _end_of_indented(lines: Sequence[str], start: int) -> int:
    """Behind the lines that hang below `start`, blank ones between them included."""
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0].isspace()):
        end += 1
    return end


def _end_of_table(lines: Sequence[str], start: int) -> int:
    end = start + 1
    while end < len(lines) and lines[end].strip():
        end += 1
    return end
