"""reStructuredText, line by line: docutils' own line numbers miss by one or more for many nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.formats.line_blocks import LineBlocks
from ingest.formats.nested_lines import MAX_DEPTH, Body, Reader, common_indent
from ingest.reading.blocks import Block, BlockKind
from rag.text.admonitions import admonition_kind

_ADORNMENT = re.compile(r"""([!-/:-@\[-`{-~])\1{2,}\s*""")
_STEP = re.compile(r"(?:(\d{1,3})|#|[a-zA-Z])[.)]\s+(?=\S)")
_ITEM = re.compile(r"[-*+•]\s+(?=\S)")
_DIRECTIVE = re.compile(r"\.\.[ \t]++([\w+.-]++(?::[\w+.-]++)*+)::[ \t]*+(.*+)")
_CODE = frozenset(
    {"code-block", "code", "sourcecode", "code-tab", "prompt", "parsed-literal", "testcode"}
)
_TABLES = frozenset({"list-table", "csv-table", "table"})
_TABS = frozenset({"tab", "group-tab", "tab-item"})
# Directives of which a reader of the page sees no text.
_UNSEEN = frozenset(
    {"toctree", "image", "figure", "include", "contents", "raw", "math", "meta", "index"}
    | {"highlight", "literalinclude", "default-role", "role", "sectnum", "target-notes", "title"}
)
# https://docutils.sourceforge.io/docs/ref/rst/directives.html#admonitions
_ADMONITIONS = frozenset(
    {"attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning"}
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
        end = _end_of_indented(self._lines, start)
        found = _DIRECTIVE.fullmatch(self._lines[start])
        if found is None or found[1] in _UNSEEN:
            self._made.add(BlockKind.OTHER, start, end)
            return end
        name, argument = found[1].lower(), found[2].strip()
        below = self._behind_options(start, end)
        body = Body(start, end, found.start(2)) if argument else Body(below, end)
        if name in _CODE:
            self._add_code(start, end, below, "" if name == "parsed-literal" else argument)
        elif name in _TABLES:
            self._made.add(BlockKind.TABLE, start, end, body=Body(below, end))
        elif name == "rubric" and not self._depth:
            level = len(self._adornments) + 1
            self._made.add(BlockKind.HEADING, start, end, level=level, title=argument, body=body)
        else:
            kind = self._admonition(name, argument, start, below)
            holder = BlockKind.ITEM if name in _TABS else BlockKind.QUOTE
            kind_of_block = BlockKind.ADMONITION if kind else holder
            self._made.add(
                kind_of_block,
                start,
                end,
                admonition=kind,
                body=body,
                reader=self._reader(max(below - start - 1, 0) if argument else 0),
            )
        return end

    def _add_code(self, start: int, end: int, below: int, argument: str) -> None:
        self._made.add(
            BlockKind.CODE,
            start,
            end,
            language=argument.split(None, 1)[0].lower() if argument else "",
            indent=common_indent(self._lines[below:end]),
            body=Body(below, end),
        )

    def _admonition(self, name: str, title: str, start: int, below: int) -> str:
        """The kind of admonition that a directive is; empty for one that is none."""
        if name in _ADMONITIONS:
            return name
        if name != "admonition":
            return ""
        classes = " ".join(line for line in self._lines[start + 1 : below] if ":class:" in line)
        return admonition_kind(name, f"{classes} {title}")

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

    def _reader(self, options: int = 0) -> Reader | None:
        """Reads what is nested in a block, whose first line so many lines of options follow."""
        if self._depth >= MAX_DEPTH:
            return None

        def read(lines: Sequence[str]) -> tuple[Block, ...]:
            without_options = [*lines[:1], *[""] * options, *lines[1 + options :]]
            return _Reader(without_options, depth=self._depth + 1).read()

        return read


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
