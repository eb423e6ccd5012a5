"""The sections of one document as an answer may quote them, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.answering.answer_parts import Part, part_of_headings
from rag.answering.context import Passage
from rag.answering.quotes import Quote, quotes_in
from rag.answering.shown_commands import ShownCommands
from rag.domain.documents import BlockKind, LineSpan, Risk


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading; `headings` lead to it, the outermost first."""

    headings: tuple[str, ...]
    quotes: tuple[Quote, ...]

    @property
    def part(self) -> Part | None:
        """The part of an answer that the innermost telling heading names."""
        return part_of_headings(self.headings[-1:]) or part_of_headings(self.headings)

    @property
    def lines(self) -> LineSpan:
        """The lines of the file that its chunks stand on."""
        return lines_of(self.quotes)

    @property
    def passages(self) -> tuple[Passage, ...]:
        return tuple({quote.passage.marker: quote.passage for quote in self.quotes}.values())

    @property
    def risks(self) -> frozenset[Risk]:
        return frozenset[Risk]().union(*(risks for quote in self.quotes for risks in quote.risks))

    @property
    def has_steps(self) -> bool:
        return any(
            quote.passage.content.blocks[block].kind is BlockKind.STEP
            for quote in self.quotes
            for block in quote.blocks
        )

    def is_sibling_of(self, other: Section) -> bool:
        """Whether both stand under the same heading, or one directly under the other."""
        mine, theirs = self.headings[:-1], other.headings[:-1]
        return mine == theirs or self.headings == theirs or other.headings == mine


def sections_of(passages: Sequence[Passage], commands: ShownCommands) -> list[Section]:
    """The sections of one document, whose passages come in its order."""
    quotes = [quote for passage in passages for quote in quotes_in(passage, commands)]
    return [Section(headings, tuple(inside)) for headings, inside in groupby(quotes, key=_headings)]


def lines_of(quotes: Sequence[Quote]) -> LineSpan:
    """The lines of the file from the first of these quotes to the last."""
    spans = [quote_lines(quote) for quote in quotes]
    return LineSpan(min(span.first for span in spans), max(span.last for span in spans))


def quote_lines(quote: Quote) -> LineSpan:
    """The lines that the blocks of a quote stand on."""
    chunk, content = quote.passage.hit.chunk, quote.passage.content
    start = content.blocks[quote.blocks[0]].start
    end = content.blocks[quote.blocks[-1]].end
    first = chunk.lines.first + content.text.count("\n", 0, start)
    last = chunk.lines.first + content.text.count("\n", 0, max(start, end - 1))
    return LineSpan(min(first, chunk.lines.last), min(max(first, last), chunk.lines.last))


def _headings(quote: Quote) -> tuple[str, ...]:
    return tuple(name for name, _ in groupby(quote.headings))
