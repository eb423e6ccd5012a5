"""Verbatim lines as blocks, for formats that are read line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.formats.nested_lines import Body, Reader, nested_blocks
from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.text.blocks import moved, trees
from rag.text.lines import Lines
from rag.text.warning_blocks import with_warnings


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
        """All blocks, with those together that are one warning by a label alone."""
        self.fill(len(self.lines))
        text = Lines("\n".join(self.lines))
        starts = [text.start(block.lines.first - self.first_line) for block in self.blocks]
        flat: list[documents.Block] = []
        for start, block in zip(starts, self.blocks, strict=True):
            flat += moved(block.tree, start, len(flat))
        grouped = with_warnings(text.text, tuple(flat))
        if grouped == tuple(flat):
            return tuple(self.blocks)
        return tuple(self._regrouped(text, grouped, dict(zip(starts, self.blocks, strict=True))))

    def _regrouped(
        self, text: Lines, flat: Sequence[documents.Block], known: Mapping[int, Block]
    ) -> Iterator[Block]:
        above = 0
        for tree in trees(flat):
            top, before = tree[0], known[tree[0].start]
            parts = tuple(moved(tree, -top.start, -above))
            above += len(tree)
            if top.kind is before.kind and top.end - top.start == len(before.text):
                yield replace(before, parts=parts)
                continue
            inside = text.text[top.start : top.end]
            last = before.lines.first + inside.count("\n")
            span = LineSpan(before.lines.first, last)
            yield Block(top.kind, inside, span, admonition=top.admonition, parts=parts)

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
