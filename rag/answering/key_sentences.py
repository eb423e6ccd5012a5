"""The sentences of a document that come nearest to answering a question, best first.

score = cosine of question and sentence + 0.3 * share of the question's words in it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.context import Passage
from rag.domain.documents import BlockKind
from rag.guardrails.injection import addresses_a_model
from rag.ports import Embedder
from rag.retrieval.relevance import coverage
from rag.text.blocks import BlockText
from rag.text.sentences import sentences
from rag.text.tables import cells

_COVERAGE_WEIGHT = 0.3
_MAX_SENTENCES = 80
_MAX_CHARS = 300
_MIN_WORDS = 4
_PROSE = frozenset(
    {BlockKind.PARAGRAPH, BlockKind.ITEM, BlockKind.STEP, BlockKind.QUOTE, BlockKind.ADMONITION}
)


@dataclass(frozen=True, slots=True)
class KeySentence:
    """A sentence of a passage, the block that it stands in, and how near it is to the question."""

    text: str
    passage: Passage
    block: int
    score: float = 0.0


def key_sentences(
    question: str, passages: Sequence[Passage], embedder: Embedder
) -> list[KeySentence]:
    """Sentences of these passages, nearest to the question first."""
    found = list(_sentences(passages))[:_MAX_SENTENCES]
    if not found:
        return []
    asked = embedder.embed_question(question)
    vectors = embedder.embed_documents([one.text for one in found])
    scored = [
        KeySentence(one.text, one.passage, one.block, _score(question, one.text, asked, vector))
        for one, vector in zip(found, vectors, strict=True)
    ]
    return sorted(scored, key=lambda one: -one.score)


def _score(question: str, sentence: str, asked: Sequence[float], vector: Sequence[float]) -> float:
    cosine = sum(one * other for one, other in zip(asked, vector, strict=True))
    return cosine + _COVERAGE_WEIGHT * coverage(question, [sentence])


def _sentences(passages: Sequence[Passage]) -> Iterator[KeySentence]:
    for passage in passages:
        content = passage.content
        for top in content.top():
            if addresses_a_model(content.source(top)):
                continue
            for leaf in content.leaves(top):
                for text in _texts(content, leaf):
                    bare = " ".join(text.split())
                    if len(bare) <= _MAX_CHARS and len(bare.split()) >= _MIN_WORDS:
                        yield KeySentence(bare, passage, leaf)


def _texts(content: BlockText, leaf: int) -> Iterator[str]:
    kind = content.blocks[leaf].kind
    if kind in _PROSE:
        yield from sentences(content.prose(leaf))
    elif kind is BlockKind.TABLE:
        for row in content.body_lines(leaf):
            yield " ".join(cells(row))
