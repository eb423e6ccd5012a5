"""Plain text: paragraphs, indented blocks, numbered steps, bullets, underlined headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from ingest.formats.line_blocks import LineBlocks
from ingest.formats.nested_lines import MAX_DEPTH, Body, common_indent
from ingest.reading.blocks import Block, BlockKind

_STEP = re.compile(r"\s{0,3}(\d{1,3})[.)]\s+(?=\S)")
_ITEM = re.compile(r"\s{0,3}[-*+•]\s+(?=\S)")
_FENCE = re.compile(r"\s{0,3}(`{3,}+|~{3,}+)\s*+([\w+-]*+)[^`]*+")
_UNDERLINE = re.compile(r"(=|-|~){3,}\s*")
_LEVELS = {"=": 1, "-": 2, "~": 3}
_MAX_HEADING = 120


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Blocks by what a reader sees: blank lines, indentation, numbers and underlines."""
    return _blocks(text.split("\n"), first_line)


def _blocks(lines: Sequence[str], first_line: int = 1, depth: int = 0) -> tuple[Block, ...]:
    made = LineBlocks(lines, first_line)
    index = 0
    while index < len(lines):
        index = _take(made, lines, index, depth) if lines[index].strip() else index + 1
    return made.finished()


def _take(made: LineBlocks, lines: Sequence[str], start: int, depth: int) -> int:
    """Add the block that begins at `start`; returns where the next one may begin."""
    underline = _UNDERLINE.fullmatch(lines[start + 1]) if start + 1 < len(lines) else None
    if underline and len(lines[start]) <= _MAX_HEADING:
        title, level = lines[start].strip(), _LEVELS[underline[1]]
        body = Body(start, start + 1)
        made.add(BlockKind.HEADING, start, start + 2, level=level, title=title, body=body)
        return start + 2
    fence = _FENCE.fullmatch(lines[start])
    if fence:
        end, closes = _end_of_fence(lines, start, fence[1])
        body = Body(start + 1, end - closes)
        made.add(BlockKind.CODE, start, end, language=fence[2].lower(), body=body)
        return end
    if _is_indented(lines[start]):
        end = _end_of_indented(lines, start)
        made.add(BlockKind.CODE, start, end, indent=common_indent(lines[start:end]))
        return end
    for pattern, kind in ((_STEP, BlockKind.STEP), (_ITEM, BlockKind.ITEM)):
        mark = pattern.match(lines[start])
        if mark:
            end = _end_of_item(lines, start)
            made.add(
                kind,
                start,
                end,
                number=int(mark[1]) if kind is BlockKind.STEP else 0,
                body=Body(start, end, mark.end()),
                reader=partial(_blocks, depth=depth + 1) if depth < MAX_DEPTH else None,
            )
            return end
    end = _end_of_paragraph(lines, start)
    made.add(BlockKind.PARAGRAPH, start, end)
    return end


def _is_indented(line: str) -> bool:
    return line.startswith(("    ", "\t")) and bool(line.strip())


def _begins_item(line: str) -> bool:
    return bool(_STEP.match(line) or _ITEM.match(line))


def _end_of_fence(lines: Sequence[str], start: int, mark: str) -> tuple[int, bool]:
    """Behind a fenced block, and whether it is closed; behind the last line where it is not."""
    for line in range(start + 1, len(lines)):
        text = lines[line].strip()
        if text.startswith(mark) and not text.strip(mark[0]):
            return line + 1, True
    return len(lines), False


def _end_of_indented(lines: Sequence[str], start: int) -> int:
    end = start + 1
    while end < len(lines) and (_is_indented(lines[end]) or not lines[end].strip()):
        end += 1
    return end


def _end_of_item(lines: Sequence[str], start: int) -> int:
    """An item goes on over lines that hang below it, blank lines between them included."""
    end = start + 1
    while end < len(lines):
        line = lines[end]
        if (
            line.strip()
            and (_begins_item(line) or not line[0].isspace())
            and (_begins_item(line) or not lines[end - 1].strip())
        ):
            break
        end += 1
    return end


def _end_of_paragraph(lines: Sequence[str], start: int) -> int:
    end = start + 1
    while end < len(lines) and lines[end].strip() and not _begins_item(lines[end]):
        end += 1
    return end
