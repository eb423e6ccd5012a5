"""What of a context an answer quotes: whole blocks of the best documents, in their order.

A numbered list stays whole, and so does a paragraph with the code that it introduces. Of what is
left, the nearest sentence of each passage is cited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.answering.answer_parts import Part, Signs, part_of, part_of_headings
from rag.answering.context import Context, Passage, pages_of
from rag.answering.nearest import Nearest, nearest_of, nearest_words
from rag.answering.quoting import shows_something
from rag.answering.shown_commands import ShownCommands
from rag.domain.documents import Block, BlockKind, Kind, Risk
from rag.guardrails.injection import addresses_a_model
from rag.text.blocks import BlockText

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
_SHOWN_WHOLE = frozenset({BlockKind.CODE, BlockKind.TABLE})


@dataclass(frozen=True, slots=True)
class Quote:
    """Blocks at the top of a passage that are quoted together, or one sentence of it.

    `headings` lead to it, the outermost first. `risks` are those of the commands of each block.
    """

    part: Part
    passage: Passage
    blocks: tuple[int, ...]
    headings: tuple[str, ...]
    risks: tuple[frozenset[Risk], ...]
    sentence: str = ""


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
        quote for document in main for passage in document for quote in _quotes(passage, commands)
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


def _quotes(passage: Passage, commands: ShownCommands) -> Iterator[Quote]:
    """The blocks of a passage, grouped by what must be read together."""
    content = passage.content
    waiting: list[int] = []
    headings: list[Block] = []
    for index in content.top():
        block = content.blocks[index]
        is_heading = block.kind is BlockKind.HEADING
        if not is_heading and not _is_quotable(content, index):
            continue
        if waiting and (is_heading or not _belongs(content, waiting, index)):
            yield _quote(passage, waiting, _titles(passage, headings), commands)
            waiting = []
        if is_heading:
            headings = [*_open_at(headings, block), block]
        else:
            waiting.append(index)
    if waiting:
        yield _quote(passage, waiting, _titles(passage, headings), commands)


def _is_quotable(content: BlockText, index: int) -> bool:
    return shows_something(content, index) and not addresses_a_model(content.source(index))


def _belongs(content: BlockText, waiting: Sequence[int], index: int) -> bool:
    """Whether a block goes on with a numbered list, or is what a paragraph introduces."""
    blocks = content.blocks
    before, block = blocks[waiting[-1]], blocks[index]
    if block.kind is BlockKind.STEP and any(blocks[at].kind is BlockKind.STEP for at in waiting):
        return before.kind is BlockKind.STEP or block.number != 1
    if before.kind is BlockKind.STEP:
        return block.kind in _SHOWN_WHOLE
    if before.kind is not BlockKind.PARAGRAPH:
        return False
    introduces = content.prose(waiting[-1]).rstrip().endswith(":")
    return introduces or block.kind in _SHOWN_WHOLE


def _open_at(headings: Iterable[Block], block: Block) -> list[Block]:
    """The headings that a heading stands under."""
    return [heading for heading in headings if heading.level < block.level]


def _quote(
    passage: Passage, blocks: Sequence[int], headings: tuple[str, ...], commands: ShownCommands
) -> Quote:
    content, own = passage.content, passage.hit.chunk.commands
    risks = tuple(commands.risks_in(content, block, own) for block in blocks)
    all_risks = frozenset[Risk]().union(*risks)
    signs = Signs(
        text=content.prose(blocks[0]),
        headings=headings,
        risks=all_risks,
        only_reads=all_risks <= {Risk.READ_ONLY}
        and all(commands.are_all_classified(content, block) for block in blocks),
        admonition=content.blocks[blocks[0]].admonition,
        is_postmortem=passage.hit.document.metadata.kind is Kind.POSTMORTEM,
    )
    return Quote(part_of(signs), passage, tuple(blocks), headings, risks)


def _titles(passage: Passage, headings: Iterable[Block]) -> tuple[str, ...]:
    """The headings of the section and of the passage, without one that repeats the title.

    A title names the subject of every section, and says nothing of what one of them is for.
    """
    text = passage.content.text
    inside = (text[heading.body_start : heading.body_end] for heading in headings)
    title = passage.title.strip().casefold()
    kept = (name for name in inside if name.strip().casefold() != title)
    return (*passage.hit.chunk.section, *kept)


def _sentences(
    question: str, passages: Iterable[Passage], commands: ShownCommands
) -> Iterator[Quote]:
    """The nearest words of each passage; what a document warns of stays a warning."""
    for passage in passages:
        nearest = nearest_words(question, passage)
        if nearest is not None:
            titles = _titles(passage, _headings_above(passage, nearest))
            part = Part.CARE if part_of_headings(titles) is Part.CARE else Part.ALSO
            own = passage.commands_in(nearest.block)
            risks = commands.risks_in_sentence(nearest.text, own)
            yield Quote(part, passage, (nearest.block,), titles, (risks,), nearest.text)


def _headings_above(passage: Passage, nearest: Nearest) -> list[Block]:
    headings: list[Block] = []
    for block in passage.content.blocks[: nearest.block]:
        if block.kind is BlockKind.HEADING and block.parent < 0:
            headings = [*_open_at(headings, block), block]
    return headings
