"""The words of a document nearest to a question, cited where no part of an answer quotes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.context import Passage
from rag.domain.documents import BlockKind
from rag.guardrails.injection import addresses_a_model
from rag.retrieval.relevance import coverage
from rag.text.sentences import sentences

_FOUND_IN_A_DOCUMENT = 2
_NOT_PROSE = frozenset(
    {BlockKind.HEADING, BlockKind.CODE, BlockKind.TABLE, BlockKind.HTML, BlockKind.OTHER}
)


@dataclass(frozen=True, slots=True)
class Nearest:
    """A sentence or a row of a table, and the block of the passage that it stands in."""

    text: str
    block: int


def nearest_of(question: str, page: Sequence[Passage]) -> list[Passage]:
    """The passages of one document that are cited: the best found, and that with most words."""
    found = sorted((p for p in page if p.hit.score), key=lambda passage: passage.marker)
    fullest = max(page, key=lambda passage: _shared_words(question, passage))
    return list({p.marker: p for p in (*found[:_FOUND_IN_A_DOCUMENT], fullest)}.values())


def nearest_words(question: str, passage: Passage) -> Nearest | None:
    """The sentence of a passage that shares most words with the question, else a row of a table.

    None where it holds code alone, which is not to be read without what introduces it.
    """
    candidates = list(_sentences(passage)) or list(_rows(passage))
    return max(candidates, key=lambda one: coverage(question, [one.text]), default=None)


def _shared_words(question: str, passage: Passage) -> float:
    return coverage(question, [*passage.hit.chunk.section, passage.text])


def _sentences(passage: Passage) -> Iterator[Nearest]:
    content = passage.content
    for index in _leaves(passage):
        if content.blocks[index].kind not in _NOT_PROSE:
            for sentence in sentences(content.prose(index)):
                yield Nearest(sentence, index)


def _rows(passage: Passage) -> Iterator[Nearest]:
    content = passage.content
    for index in _leaves(passage):
        if content.blocks[index].kind is BlockKind.TABLE:
            for row in content.body_lines(index):  # the names of the columns say nothing alone
                if any(map(str.isalnum, row)):
                    yield Nearest(row, index)


def _leaves(passage: Passage) -> Iterator[int]:
    for top in passage.content.top():
        if not addresses_a_model(passage.content.source(top)):
            yield from passage.content.leaves(top)
