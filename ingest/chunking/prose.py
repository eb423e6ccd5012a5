"""Cuts prose that is over the budget, between sentences where that is possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ingest.reading.blocks import Block
from rag.domain.documents import LineSpan
from rag.text.blocks import clipped

# The splitter asks the tokenizer about every piece that it considers: it is given slices of
# bounded length, so that one line of megabytes takes time in proportion to its length.
_SLICE_CHARS = 20_000
_SPACE = re.compile(r"\s")
_NEARLY_ALL = 0.95


def split_prose(
    block: Block, budget: int, count_tokens: Callable[[Sequence[str]], list[int]]
) -> Iterator[Block]:
    """Pieces of a block in order, each within `budget` tokens, that together hold all its text.

    Each piece knows the lines that it stands on.
    """
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.node_parser.text.utils import split_by_sentence_tokenizer

    splitter = SentenceSplitter(
        chunk_size=max(budget, 1),
        chunk_overlap=0,
        tokenizer=lambda text: [0] * count_tokens([text])[0],
        chunking_tokenizer_fn=_worthwhile(split_by_sentence_tokenizer()),
        include_metadata=False,
    )
    for start, end in _slices(block.text):
        part = block.text[start:end]
        cuts = _cuts(part, splitter.split_text(part))
        for first, last in zip([0, *cuts], [*cuts, len(part)], strict=True):
            piece = _piece(block, start + first, start + last)
            if piece is not None:
                yield piece


def _worthwhile(sentences: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Sentences, or the text whole where one of them is nearly all of it.

    The splitter goes on with the longest by recursion: text that loses one character a turn
    would take it minutes, and then the stack.
    """

    def split(text: str) -> list[str]:
        found = sentences(text)
        return [text] if max(map(len, found), default=0) > _NEARLY_ALL * len(text) else found

    return split


def _slices(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = min(start + _SLICE_CHARS, len(text))
        if end < len(text):
            spaces = [found.end() for found in _SPACE.finditer(text, end - 1000, end)]
            end = spaces[-1] if spaces else end
        yield start, end
        start = end


def _cuts(text: str, pieces: Sequence[str]) -> list[int]:
    """Where each piece but the first begins in `text`; the splitter strips the space between."""
    cuts: list[int] = []
    cursor = 0
    for piece in pieces:
        found = text.find(piece, cursor)
        if found < 0:  # the splitter changed the text: the piece stays with the one before
            continue
        if found > 0 and cursor > 0:
            cuts.append(found)
        cursor = found + len(piece)
    return cuts


def _piece(block: Block, start: int, end: int) -> Block | None:
    """The text from `start` to `end`, without blank ends; None if nothing is left."""
    text = block.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    if not text:
        return None
    first = block.lines.first + block.text.count("\n", 0, start)
    last = first + text.count("\n")
    span = LineSpan(min(first, block.lines.last), min(last, block.lines.last))
    parts = clipped(block.tree, start, start + len(text))
    return replace(block, text=text, lines=span, parts=parts)
