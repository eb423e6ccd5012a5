"""What of a page stands nearest to a question, to be cited where no part of an answer quotes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.answering.context import Passage
from rag.guardrails.injection import addresses_a_model
from rag.retrieval.relevance import coverage
from rag.text.pieces import Piece, PieceKind, pieces, prose_sentences

_FOUND_ON_A_PAGE = 2


def nearest_of(question: str, page: Sequence[Passage]) -> list[Passage]:
    """The passages of one page that are cited: the best found, and that with most of the words."""
    found = sorted((p for p in page if p.hit.score), key=lambda passage: passage.marker)
    best = max(page, key=lambda passage: _words(question, passage))
    return list({p.marker: p for p in (*found[:_FOUND_ON_A_PAGE], best)}.values())


def nearest_words(question: str, passage: Passage) -> Piece | None:
    """The sentence of a passage that shares most words with the question, else a row of a table.

    None where it holds code alone, which is not to be read without what introduces it.
    """
    texts = list(_sentences(passage)) or list(_rows(passage))
    return max(texts, key=lambda piece: coverage(question, [piece.text])) if texts else None


def _words(question: str, passage: Passage) -> float:
    return coverage(question, [*passage.hit.chunk.section, passage.text])


def _sentences(passage: Passage) -> Iterator[Piece]:
    for piece in pieces(passage.text):
        if piece.kind in (PieceKind.PROSE, PieceKind.ITEM) and not addresses_a_model(piece.text):
            for sentence in prose_sentences(piece.text):
                yield Piece(PieceKind.PROSE, sentence, piece.line)


def _rows(passage: Passage) -> Iterator[Piece]:
    for piece in pieces(passage.text):
        if piece.kind is PieceKind.TABLE and not addresses_a_model(piece.text):
            for row in piece.text.split("\n")[2:]:
                yield Piece(PieceKind.TABLE, row, piece.line)
