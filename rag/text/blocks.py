"""A text with its blocks, and what can be asked of the two; blocks cut and joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.domain.documents import Block, BlockKind
from rag.text.code_spans import Span, code_spans

_QUOTING = frozenset({BlockKind.QUOTE, BlockKind.ADMONITION})
_QUOTE_MARK = re.compile(r"(?:(?<![ \t])[ \t]++)?>[ \t]?")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class BlockText:
    """A text and its blocks, which are named by their indexes."""

    text: str
    blocks: tuple[Block, ...]

    def top(self) -> Iterator[int]:
        """The blocks at the top level."""
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
        """A block's source in the text."""
        block = self.blocks[index]
        return self.text[block.start : block.end]

    def body(self, index: int) -> str:
        """A block without its own markup."""
        block = self.blocks[index]
        return self.text[block.body_start : block.body_end]

    def source_lines(self, index: int) -> list[str]:
        """The lines of a block, without the marks of enclosing quotes."""
        return self._unquoted(index, self.source(index))

    def body_lines(self, index: int) -> list[str]:
        """The lines of a block's body, without the marks of enclosing quotes."""
        return self._unquoted(index, self.body(index))

    def _unquoted(self, index: int, text: str) -> list[str]:
        lines = text.split("\n")
        for above in self.above(index):
            # A quote of another markup than Markdown is indented, and its lines have no marks.
            if self.blocks[above].kind in _QUOTING and _QUOTE_MARK.match(self.source(above)):
                lines = [_without_quote_mark(line) for line in lines]
        return lines

    def code(self, index: int) -> str:
        """The code of a block: its body without what the blocks around it put before each line."""
        indent = self.blocks[index].indent
        return "\n".join(
            line[min(indent, len(line) - len(line.lstrip())) :] for line in self.body_lines(index)
        )

    def prose(self, index: int) -> str:
        """A block's body without the marks of enclosing quotes."""
        return "\n".join(self.body_lines(index))

    def words(self, index: int) -> str:
        """What a block says: its code as it would be run, or its prose."""
        is_code = self.blocks[index].kind is BlockKind.CODE
        return self.code(index) if is_code else self.prose(index)

    def code_ranges(self) -> list[Span]:
        """Where code stands: its blocks, and the code spans of all others; of a text without
        blocks its code spans.
        """
        if not self.blocks:
            return code_spans(self.text)
        found: list[Span] = []
        for index in self.leaves():
            block = self.blocks[index]
            if block.kind is BlockKind.CODE:
                found.append((block.start, block.end))
            else:
                inside = code_spans(self.source(index))
                found += [(block.start + start, block.start + end) for start, end in inside]
        return found

    def rows(self, index: int) -> list[str]:
        """The lines of a table that hold words, the names of its columns among them."""
        return [line for line in self.source_lines(index) if _WORD.search(line)]

    def children(self, index: int) -> list[int]:
        """The blocks that are nested in a block directly."""
        return [at for at in self.within(index) if self.blocks[at].parent == index]

    def number(self, index: int) -> int:
        """A step's number: its own, else its place behind the steps before it."""
        block = self.blocks[index]
        if block.number:
            return block.number
        siblings = [at for at, one in enumerate(self.blocks[:index]) if one.parent == block.parent]
        number = 1
        for at in reversed(siblings):
            if self.blocks[at].kind is not BlockKind.STEP:
                break
            number += 1
        return number

    def above(self, index: int) -> Iterator[int]:
        """The blocks that a block is nested in, the innermost first."""
        while (index := self.blocks[index].parent) >= 0:
            yield index


def _without_quote_mark(line: str) -> str:
    found = _QUOTE_MARK.match(line)
    return line[found.end() :] if found else line


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
    if not by and not above:
        yield from blocks
        return
    for block in blocks:
        yield Block(  # several times as fast as `replace`
            block.kind,
            block.start + by,
            block.end + by,
            block.body_start + by,
            block.body_end + by,
            block.parent if block.parent < 0 else block.parent + above,
            block.level,
            block.number,
            block.language,
            block.admonition,
            block.indent,
        )


def clipped(blocks: Sequence[Block], start: int, end: int) -> tuple[Block, ...]:
    """The blocks of `text[start:end]`; what crosses a cut keeps its kind on both sides of it."""
    kept: list[Block] = []
    place = {-1: -1}
    for index, block in enumerate(blocks):
        if max(block.start, start) < min(block.end, end):
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
