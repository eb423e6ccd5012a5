"""What of a context an answer quotes: whole blocks of the best documents, in their order.

A numbered list stays whole, and so does a paragraph with the code that it introduces. Of what is
left, the nearest sentence of each passage is cited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.answering.answer_parts import Part, part_of_headings
from rag.answering.context import Context, Passage, pages_of
from rag.answering.nearest import Nearest, nearest_of, nearest_words
from rag.answering.quotes import Quote, headings_of, open_headings, quotes_in
from rag.answering.shown_commands import ShownCommands
from rag.domain.documents import Block, BlockKind

# As many quotations of each part as a person reads.
_MAX_OF: dict[Part, int] = {
    Part.CAUSE: 5,
    Part.FACTS: 6,
    Part.CHECK: 6,
    Part.MITIGATION: 8,
    Part.VERIFY: 3,
    Part.CARE: 5,
    Part.ALSO: 12,
}
# A document whose best passage scores this share of the best one's is quoted like it.
_NEARLY_AS_GOOD = 0.8
_MAX_DOCUMENTS = 3
_MAX_CITED = 30  # passages; nobody follows more
_MIN_ALSO = 0.55
_ORDER = {part: place for place, part in enumerate(Part)}


@dataclass(frozen=True, slots=True)
class Selection:
    """What an answer quotes, part by part, and all that it might have quoted."""

    chosen: tuple[Quote, ...] = ()
    candidates: tuple[Quote, ...] = ()


def select(question: str, context: Context, commands: ShownCommands) -> Selection:
    """The quotations of an answer; none when the context has nothing to quote."""
    documents = pages_of(context.passages)
    best = max((passage.hit.score for passage in context.passages), default=0.0)
    scored = [(_best_score(document), document) for document in documents]
    main = [one for score, one in scored if score >= best * _NEARLY_AS_GOOD][:_MAX_DOCUMENTS]
    also = [one for score, one in scored if score >= best * _MIN_ALSO and one not in main]
    candidates = [
        quote for document in main for passage in document for quote in quotes_in(passage, commands)
    ]
    chosen = _limited(candidates)
    quoted = {quote.passage.marker for quote in chosen}
    cited = [
        *(passage for document in also for passage in nearest_of(question, document)),
        *(passage for document in main for passage in document if passage.marker not in quoted),
    ]
    room = min(_MAX_OF[Part.ALSO], max(0, _MAX_CITED - len(quoted)))
    chosen += _limited([*_sentences(question, cited, commands)])[:room]
    in_order = sorted(chosen, key=lambda quote: _ORDER[quote.part])
    return Selection(tuple(in_order), tuple(candidates))


def _best_score(document: Sequence[Passage]) -> float:
    return max(passage.hit.score for passage in document)


def _limited(quotes: Sequence[Quote]) -> list[Quote]:
    """As many of each part as a person reads, those of the best passages first, in their order."""
    chosen: set[int] = set()
    for part in Part:
        mine = [place for place, quote in enumerate(quotes) if quote.part is part]
        by_rank = sorted(mine, key=lambda place: (quotes[place].passage.marker, place))
        chosen |= set(by_rank[: _MAX_OF[part]])
    return sorted((quotes[at] for at in sorted(chosen)), key=lambda quote: _ORDER[quote.part])


def _sentences(
    question: str, passages: Iterable[Passage], commands: ShownCommands
) -> Iterator[Quote]:
    """The nearest words of each passage; what a document warns of stays a warning."""
    for passage in passages:
        nearest = nearest_words(question, passage)
        if nearest is not None:
            titles = headings_of(passage, _headings_above(passage, nearest))
            part = Part.CARE if part_of_headings(titles) is Part.CARE else Part.ALSO
            if part is Part.ALSO and _is_row(passage, nearest):
                continue  # without the names of its columns it says nothing
            own = passage.commands_in(nearest.block)
            risks = commands.risks_in_sentence(nearest.text, own)
            yield Quote(part, passage, (nearest.block,), titles, (risks,), nearest.text)


def _is_row(passage: Passage, nearest: Nearest) -> bool:
    return passage.content.blocks[nearest.block].kind is BlockKind.TABLE


def _headings_above(passage: Passage, nearest: Nearest) -> list[Block]:
    headings: list[Block] = []
    for block in passage.content.blocks[: nearest.block]:
        if block.kind is BlockKind.HEADING and block.parent < 0:
            headings = [*open_headings(headings, block), block]
    return headings
