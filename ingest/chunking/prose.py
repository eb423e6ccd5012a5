"""Cuts prose that is over the budget: between sentences where that is possible, else between
lines, between words, or within a word.

Time is linear in the length: the tokenizer reads every part of the text once at each level.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ingest.reading.blocks import Block
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.text.blocks import clipped
from rag.text.sentences import sentences

TokenCounter = Callable[[Sequence[str]], list[int]]

_Span = tuple[int, int]  # from a first character to before a last one
_LINE = re.compile(r"[^\n]*+(?:\n|\Z)")
# A few words; within a longer word it may end anywhere.
_WORDS = re.compile(r".{1,60}(?=\s|\Z)|.{1,60}", re.DOTALL)


def split_prose(block: Block, budget: int, count_tokens: TokenCounter) -> Iterator[Block]:
    """Pieces of a block in order, each within `budget` tokens, that together hold all its text.

    Each piece knows the lines that it stands on.
    """
    special = count_tokens([""])[0]  # tokens that stand around every text
    limit = max(budget - special, 1)

    def count(texts: Sequence[str]) -> list[int]:
        return [tokens - special for tokens in count_tokens(texts)]

    return _cut(block, _packed(_parts(block.text, limit, count), limit))


def cut_to_length(block: Block, length: int) -> Iterator[Block]:
    """Pieces of a block of at most `length` characters: whole lines, where lines are not longer."""
    return _cut(block, _spans(block.text, length))


def _spans(text: str, length: int) -> Iterator[_Span]:
    start = 0
    while start < len(text):
        end = min(start + length, len(text))
        line_end = text.rfind("\n", start, end) + 1 if end < len(text) else 0
        end = line_end if line_end > start else end
        yield start, end
        start = end


def _cut(block: Block, spans: Iterable[_Span]) -> Iterator[Block]:
    """What stands on each of these spans, in their order, without the white space around it."""
    parts = _Overlapping(block.tree)
    line, counted_to = block.lines.first, 0
    for start, end in spans:
        text = block.text[start:end]
        start += len(text) - len(text.lstrip())
        text = text.strip()
        line += block.text.count("\n", counted_to, start)
        counted_to = start
        if text:
            first = min(line, block.lines.last)
            last = min(line + text.count("\n"), block.lines.last)
            numbers: tuple[int, ...] = ()
            if block.line_numbers:
                place = line - block.lines.first
                numbers = block.line_numbers[place : place + text.count("\n") + 1]
                first, last = numbers[0], max(numbers)
            inside = parts.clipped(start, start + len(text))
            span = LineSpan(first, last)
            yield replace(block, text=text, lines=span, parts=inside, line_numbers=numbers)


class _Overlapping:
    """The blocks that overlap each of some spans, which are asked about in their order.

    Each block is looked at once, and once more for each span that it reaches into.
    """

    def __init__(self, blocks: Sequence[documents.Block]) -> None:
        self._blocks = blocks
        self._next = 0
        self._open: list[int] = []

    def clipped(self, start: int, end: int) -> tuple[documents.Block, ...]:
        while self._next < len(self._blocks) and self._blocks[self._next].start < end:
            self._open.append(self._next)
            self._next += 1
        self._open = [index for index in self._open if self._blocks[index].end > start]
        # A block that is nested overlaps nothing that the block around it does not.
        place = {index: number for number, index in enumerate(self._open)}
        found = [
            replace(self._blocks[index], parent=place.get(self._blocks[index].parent, -1))
            for index in self._open
        ]
        return clipped(found, start, end)


def _packed(parts: Iterable[tuple[_Span, int]], limit: int) -> Iterator[_Span]:
    """As many neighbouring parts together as keep to the limit."""
    begun: _Span | None = None
    held = 0
    for (start, end), tokens in parts:
        if begun is not None and held + tokens <= limit:
            begun, held = (begun[0], end), held + tokens
        else:
            if begun is not None:
                yield begun
            begun, held = (start, end), tokens
    if begun is not None:
        yield begun


def _parts(text: str, limit: int, count: TokenCounter) -> Iterator[tuple[_Span, int]]:
    """Parts of a text with their tokens, each within the limit and as long as they come."""
    characters = re.compile(f".{{1,{max(limit // 4, 1)}}}", re.DOTALL)
    levels: list[Callable[[str], Iterable[_Span]]] = [
        _sentences,
        lambda part: (found.span() for found in _LINE.finditer(part) if found.group()),
        lambda part: (found.span() for found in _WORDS.finditer(part)),
        lambda part: (found.span() for found in characters.finditer(part)),
    ]

    def split(start: int, end: int, level: int) -> Iterator[tuple[_Span, int]]:
        spans = [(start + a, start + b) for a, b in levels[level](text[start:end])]
        for span, tokens in zip(spans, count([text[a:b] for a, b in spans]), strict=True):
            if tokens > limit and level + 1 < len(levels):
                yield from split(*span, level + 1)
            else:
                yield span, tokens

    return split(0, len(text), 0)


def _sentences(text: str) -> Iterator[_Span]:
    """Each sentence with the white space behind it."""
    start = cursor = 0
    for sentence in sentences(text):
        found = text.index(sentence, cursor)
        if found > start:
            yield start, found
            start = found
        cursor = found + len(sentence)
    if start < len(text):
        yield start, len(text)
