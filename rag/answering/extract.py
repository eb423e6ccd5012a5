"""What an answer without a model consists of: its text, its statements and what it cites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rag.answering.quotes import Quote
from rag.answering.shown_commands import remark_on
from rag.domain.answers import Statement
from rag.domain.documents import BlockKind, Risk
from rag.text.sentences import sentences


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of an answer, its statements, and the markers that it names beside theirs."""

    text: str = ""
    statements: tuple[Statement, ...] = ()
    also_cited: tuple[int, ...] = ()

    @property
    def markers(self) -> list[int]:
        """The markers of everything that the text cites, in their order."""
        cited = {marker for one in self.statements for marker in one.markers}
        return sorted(cited | set(self.also_cited))


def remarks_of(quote: Quote) -> list[str]:
    """The remark on the commands of each block; of code, at the words that introduce it."""
    blocks = quote.passage.content.blocks
    risks = [set[Risk](one) for one in quote.risks]
    for place, (before, block) in enumerate(pairwise(quote.blocks), start=1):
        if blocks[block].kind is BlockKind.CODE and blocks[before].kind is not BlockKind.CODE:
            risks[place - 1] |= risks[place]
            risks[place] = set()
    return [remark_on(one) for one in risks]


def statements_of(quote: Quote) -> Iterator[Statement]:
    """What a quotation says: its sentences, its code and its tables."""
    content, markers = quote.passage.content, (quote.passage.marker,)
    if quote.sentence:
        yield Statement(quote.sentence, markers, supported=True)
        return
    for leaf in (leaf for block in quote.blocks for leaf in content.leaves(block)):
        kind = content.blocks[leaf].kind
        if kind is BlockKind.CODE:
            texts = [content.code(leaf)]
        elif kind is BlockKind.TABLE:
            texts = [content.source(leaf)]
        else:
            texts = [] if kind is BlockKind.OTHER else sentences(content.prose(leaf))
        yield from (Statement(text, markers, supported=True) for text in texts)
