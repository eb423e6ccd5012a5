"""Blocks that are nested in another, for formats that are read line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.text.lines import Lines

# Deeper ones stay part of the block that they stand in.
MAX_DEPTH = 8
# Finds the blocks of some lines; the first of them is line 1.
Reader = Callable[[Sequence[str]], tuple[Block, ...]]


@dataclass(frozen=True, slots=True)
class Body:
    """What a block holds without its own markup: lines `first` to before `behind`.

    Of the first line, `column` characters are markup, such as a list mark.
    """

    first: int
    behind: int
    column: int = 0

    def within(self, start: int, end: int) -> Body:
        """The part of it in a block of lines `start` to before `end`, counted from `start`."""
        first = min(max(self.first, start), end) - start
        column = self.column if self.first >= start else 0
        return Body(first, max(min(self.behind, end) - start, first), column)

    def offsets(self, lines: Lines) -> tuple[int, int]:
        if self.first == self.behind:
            return lines.start(self.first), lines.start(self.first)
        end = lines.end(self.behind - 1)
        return min(lines.start(self.first) + self.column, end), end


def nested_blocks(
    lines: Lines, body: Body, reader: Reader, admonition: str
) -> Iterator[documents.Block]:
    """What `reader` finds in a body, with offsets in the block of which it is the body.

    The block itself counts as the first of all; a block whose first line is not shared with a mark
    of the block around it has whole lines, with their indent.
    """
    indents, common = _indents(lines, body)
    raw = [
        lines.text[lines.start(line) + indent : lines.end(line)]
        for line, indent in enumerate(indents, body.first)
    ]
    above = 1
    for block in reader(raw):
        inner, first = Lines(block.text), block.lines.first - 1

        def place(offset: int, *, starts: bool, inner: Lines = inner, first: int = first) -> int:
            line = inner.number(offset)
            column, at = offset - inner.start(line), first + line
            shared = at == 0 and body.column > 0
            skipped = 0 if starts and column == 0 and not shared else indents[at] + column
            return lines.start(body.first + at) + skipped

        for part in block.tree:
            yield replace(
                part,
                start=place(part.start, starts=True),
                end=place(part.end, starts=False),
                body_start=place(part.body_start, starts=True),
                body_end=place(part.body_end, starts=False),
                parent=part.parent + above if part.parent >= 0 else 0,
                admonition=part.admonition or admonition,
                indent=part.indent + common if part.kind is BlockKind.CODE else 0,
            )
        above += len(block.tree)


def _indents(lines: Lines, body: Body) -> tuple[list[int], int]:
    """For each line of a body, how many of its characters are not of the blocks nested in it.

    And what that is of the lines that share none of them with a mark.
    """
    texts = [lines.text[lines.start(at) : lines.end(at)] for at in range(body.first, body.behind)]
    common = common_indent(texts)
    if body.column:
        common = min(common_indent(texts[1:]), body.column)
    indents = [min(common, len(text)) for text in texts]
    return ([body.column, *indents[1:]] if body.column else indents), common


def common_indent(texts: Sequence[str]) -> int:
    """The white space that all lines begin with, blank ones aside."""
    return min((len(text) - len(text.lstrip()) for text in texts if text.strip()), default=0)
