"""Blocks of a passage that are quoted together, under the headings that lead to them.

A numbered list stays whole, and so does a paragraph with the code that it introduces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.answering.answer_parts import Part, Signs, part_of
from rag.answering.context import Passage
from rag.answering.quoting import shows_something
from rag.answering.shown_commands import ShownCommands
from rag.domain.documents import Block, BlockKind, Kind, Risk
from rag.guardrails.injection import addresses_a_model
from rag.text.blocks import BlockText
from rag.text.heading_paths import heading_path

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


def quotes_in(passage: Passage, commands: ShownCommands) -> Iterator[Quote]:
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
            yield _quote(passage, waiting, headings_of(passage, headings), commands)
            waiting = []
        if is_heading:
            headings = [*open_headings(headings, block), block]
        else:
            waiting.append(index)
    if waiting:
        yield _quote(passage, waiting, headings_of(passage, headings), commands)


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


def open_headings(headings: Iterable[Block], block: Block) -> list[Block]:
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


def headings_of(passage: Passage, headings: Iterable[Block]) -> tuple[str, ...]:
    """The headings of the section and of the passage, without one that repeats the title.

    A title names the subject of every section, and says nothing of what one of them is for.
    """
    text = passage.content.text
    inside = (text[heading.body_start : heading.body_end] for heading in headings)
    title = passage.title.strip().casefold()
    kept = [name for name in inside if name.strip().casefold() != title]
    return heading_path(passage.hit.chunk.section, kept)
