"""A text with its blocks, and what can be asked of the two; blocks cut and joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.domain.documents import Block, BlockKind

_QUOTING = frozenset({BlockKind.QUOTE, BlockKind.ADMONITION})
_QUOTE_MARK = re.compile(r"(?:(?<![ \t])[ \t]++)?>[ \t]?")


@dataclass(frozen=True, slots=True)
class BlockText:
    """A text and its blocks, which are named by their indexes."""

    text: str
    blocks: tuple[Block, ...]

    def top(self) -> Iterator[int]:
        """The blocks that stand in no other."""
        return (index for index, block in enumerate(self.blocks) if block.parent < 0)

    def within(self, index: int) -> range:
        """A block and those nested in it, at any depth."""
        behind = index + 1
        while behind < len(self.blocks) and self.blocks[behind].parent >= index:
            behind += 1
        return range(index, behind)

    def leaves(self, index: int | None = None) -> Iterator[int]:
        """The blocks that no other is nested in; of one block where its index is given."""
        indexes = range(len(self.blocks)) if index is None else self.within(index)
        for at in indexes:
            # A block is followed by the first of those that are nested in it.
            if at + 1 == len(self.blocks) or self.blocks[at + 1].parent != at:
                yield at

    def source(self, index: int) -> str:
        """A block as it stands in the text."""
        block = self.blocks[index]
        return self.text[block.start : block.end]

    def body(self, index: int) -> str:
        """A block without its own markup."""
        block = self.blocks[index]
        return self.text[block.body_start : block.body_end]

    def body_lines(self, index: int) -> list[str]:
        """The lines of a block's body, without the marks of the quotes that it stands in."""
        lines = self.body(index).split("\n")
        for above in self.above(index):
            if self.blocks[above].kind in _QUOTING:
                lines = [_QUOTE_MARK.sub("", line, count=1) for line in lines]
        return lines

    def code(self, index: int) -> str:
        """The code of a block: its body without what the blocks around it put before each line."""
        indent = self.blocks[index].indent
        return "\n".join(
            line[min(indent, len(line) - len(line.lstrip())) :] for line in self.body_lines(index)
        )

    def above(self, index: int) -> Iterator[int]:
        """The blocks that a block is nested in, the innermost first."""
        while (index := self.blocks[index].parent) >= 0:
            yield index


def trees(blocks: Sequence[Block]) -> Iterator[tuple[Block, ...]]:
    """Each block at the top with those nested in it; parents are still indexes of `blocks`."""
    start = 0
    for index, block in enumerate(blocks):
        if index > start and block.parent < 0:
            yield tuple(blocks[start:index])
            start = index
    if blocks:
        yield tuple(blocks[start:])


def moved(blocks: Iterable[Block], by: int, above: int) -> Iterator[Block]:
    """Blocks of a text as those of one in which `by` characters and `above` blocks come first."""
    for block in blocks:
        yield replace(
            block,
            start=block.start + by,
            end=block.end + by,
            body_start=block.body_start + by,
            body_end=block.body_end + by,
            parent=block.parent if block.parent < 0 else block.parent + above,
        )


def clipped(blocks: Sequence[Block], start: int, end: int) -> tuple[Block, ...]:
    """The blocks of `text[start:end]`; what crosses a cut keeps its kind on both sides of it."""
    kept: list[Block] = []
    place = {-1: -1}
    for index, block in enumerate(blocks):
        if block.start < end and block.end > start:
            place[index] = len(kept)
            first, last, body_first, body_last = (
                min(max(offset, start), end) - start
                for offset in (block.start, block.end, block.body_start, block.body_end)
            )
            parent = place[block.parent]
            kept.append(
                replace(
                    block,
                    start=first,
                    end=last,
                    body_start=body_first,
                    body_end=body_last,
                    parent=parent,
                )
            )
    return tuple(kept)
