"""As much of a section as there is room for: whole blocks from its beginning, in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rag.answering.answer_parts import warns
from rag.answering.extract import remarks_of
from rag.answering.quotes import Quote
from rag.answering.quoting import bare_quotation
from rag.answering.sections import lines_of
from rag.domain.documents import Block, BlockKind, LineSpan
from rag.text.blocks import BlockText
from rag.text.sentences import sentences

_ITEMS = frozenset({BlockKind.STEP, BlockKind.ITEM})
Fits = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The text quoted, the quotes that it shows, and the lines of the section that it leaves out.

    `left_out_steps` says that what is left out goes on with a numbered list.
    """

    text: str = ""
    quotes: tuple[Quote, ...] = ()
    left_out: LineSpan | None = None
    left_out_steps: int = 0


@dataclass(frozen=True, slots=True)
class _ShownBlock:
    """One block as it is shown, and the quote that it belongs to.

    Of an item that is shown in part, `children` are the blocks shown and `rest` those left out.
    """

    text: str
    quote: Quote
    place: int
    children: tuple[int, ...] = ()
    rest: tuple[int, ...] = ()

    @property
    def block(self) -> Block:
        return self.quote.passage.content.blocks[self.quote.blocks[self.place]]

    @property
    def introduces(self) -> bool:
        content = self.quote.passage.content
        prose = content.prose(self.quote.blocks[self.place])
        is_last = self.place + 1 == len(self.quote.blocks)
        return self.block.kind is BlockKind.PARAGRAPH and (
            not is_last or prose.rstrip().endswith(":")
        )


def excerpt(quotes: Sequence[Quote], fits: Fits, names: Sequence[str] = ()) -> Excerpt:
    """The first blocks of these quotes that fit together; no paragraph or code is ever cut.

    What introduces a block that does not fit is left out with it, unless nothing else is shown. An
    item that does not fit is cut between its blocks where nothing else would be shown.
    Of a table with rows that hold one of `names`, these rows are shown alone.
    """
    parts = [part for quote in quotes for part in _shown_blocks(quote, names)]
    shown: list[_ShownBlock] = []
    for part in parts:
        if not fits(_joined([*shown, part])):
            break
        shown.append(part)
    rest = parts[len(shown) :]
    if rest and all(part.introduces for part in shown):
        split = _split(rest[0], lambda part: fits(_joined([*shown, part])))
        if split is not None:
            shown.append(split)
            rest[0] = replace(rest[0], children=split.rest)
    while rest and len(shown) > 1 and shown[-1].introduces:
        rest.insert(0, shown.pop())
    return Excerpt(
        _joined(shown),
        tuple(_quotes_of(shown)),
        lines_of(list(_quotes_of(rest))) if rest else None,
        sum(part.block.kind is BlockKind.STEP for part in rest),
    )


def _shown_blocks(quote: Quote, names: Sequence[str]) -> Iterator[_ShownBlock]:
    content, marker = quote.passage.content, quote.passage.marker
    for place, (block, remark) in enumerate(zip(quote.blocks, remarks_of(quote), strict=True)):
        text = bare_quotation(content, block, marker, remark, names)
        if text:
            yield _ShownBlock(text, quote, place)


def _split(item: _ShownBlock, fits: Callable[[_ShownBlock], bool]) -> _ShownBlock | None:
    """As many blocks of an item as fit; None where none does, or where one of them warns."""
    content = item.quote.passage.content
    index = item.quote.blocks[item.place]
    children = content.children(index)
    if item.block.kind not in _ITEMS or any(_warns(content, child) for child in children):
        return None
    for count in range(len(children) - 1, 0, -1):
        text = bare_quotation(
            content, index, item.quote.passage.marker, remarks_of(item.quote)[item.place], (), count
        )
        part = replace(
            item, text=text, children=tuple(children[:count]), rest=tuple(children[count:])
        )
        if fits(part):
            return part
    return None


def _warns(content: BlockText, index: int) -> bool:
    admonition = content.blocks[index].admonition
    return any(warns(text, admonition) for text in sentences(content.prose(index)))


def _joined(parts: Sequence[_ShownBlock]) -> str:
    text = ""
    for number, part in enumerate(parts):
        text += (_joint(parts[number - 1], part) if number else "") + part.text
    return text


def _joint(before: _ShownBlock, part: _ShownBlock) -> str:
    """A line break alone between items of a list, and between words and what they introduce."""
    one, other = before.block, part.block
    if one.kind in _ITEMS and other.kind is one.kind:
        return "\n"
    begins_a_list = other.kind is BlockKind.ITEM or (
        other.kind is BlockKind.STEP and part.text.startswith("1.")
    )
    leads = one.kind is BlockKind.PARAGRAPH and not before.text.startswith("```")
    return "\n" if leads and (begins_a_list or other.kind is BlockKind.CODE) else "\n\n"


def _quotes_of(parts: Sequence[_ShownBlock]) -> Iterator[Quote]:
    """The quotes of these parts, each with the blocks that are among them alone."""
    for _, group in groupby(parts, key=lambda part: id(part.quote)):
        inside = list(group)
        quote = inside[0].quote
        pairs = [
            (block, quote.risks[part.place])
            for part in inside
            for block in part.children or (quote.blocks[part.place],)
        ]
        yield replace(
            quote,
            blocks=tuple(block for block, _ in pairs),
            risks=tuple(risks for _, risks in pairs),
        )
