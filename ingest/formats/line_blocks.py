"""Verbatim lines as blocks, for formats that are read line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.formats.nested_lines import Body, Reader, nested_blocks
from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.text.lines import Lines


@dataclass(slots=True)
class LineBlocks:
    """Collects blocks over `lines`; what no block took becomes a block of its own.

    Indexes count lines of the text from 0; `first_line` is the file's number of the first.
    """

    lines: Sequence[str]
    first_line: int
    blocks: list[Block] = field(default_factory=list)
    _next: int = 0

    def add(
        self,
        kind: BlockKind,
        start: int,
        end: int,
        *,
        level: int = 0,
        title: str = "",
        language: str = "",
        admonition: str = "",
        number: int = 0,
        indent: int = 0,
        body: Body | None = None,
        reader: Reader | None = None,
    ) -> None:
        """Take lines `start` to before `end`, less blank ones at either side, in file order.

        `reader` finds the blocks nested in the body, of whose lines the common indent is taken.
        """
        start = max(start, self._next)
        self.fill(start)
        start, end = self._trimmed(start, end)
        if start == end:
            return
        lines = Lines("\n".join(self.lines[start:end]))
        inside = (body or Body(start, end)).within(start, end)
        whole = documents.Block(
            kind,
            0,
            len(lines.text),
            *inside.offsets(lines),
            level=level,
            number=number,
            language=language,
            admonition=admonition,
            indent=indent,
        )
        nested = nested_blocks(lines, inside, reader, admonition) if reader else ()
        span = LineSpan(self.first_line + start, self.first_line + end - 1)
        about = (level, title, language, admonition)
        self.blocks.append(Block(kind, lines.text, span, *about, parts=(whole, *nested)))
        self._next = end

    def fill(self, end: int) -> None:
        """Make blocks of the lines that none took, up to before `end`."""
        for start, stop in _runs(self.lines, self._next, end):
            self._next = max(self._next, start)
            span = LineSpan(self.first_line + start, self.first_line + stop - 1)
            self.blocks.append(Block(BlockKind.OTHER, "\n".join(self.lines[start:stop]), span))
        self._next = max(self._next, end)

    def finished(self) -> tuple[Block, ...]:
        self.fill(len(self.lines))
        return tuple(self.blocks)

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        while start < end and not self.lines[start].strip():
            start += 1
        while start < end and not self.lines[end - 1].strip():
            end -= 1
        return start, end


def _runs(lines: Sequence[str], start: int, end: int) -> Iterable[tuple[int, int]]:
    """Runs of lines that are not blank."""
    begun: int | None = None
    for index in range(start, end):
        if lines[index].strip():
            begun = index if begun is None else begun
        elif begun is not None:
            yield begun, index
            begun = None
    if begun is not None:
        yield begun, end
