"""Warnings that consist of a label and what follows it, as one block of kind ADMONITION."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.domain.documents import Block, BlockKind
from rag.text.admonitions import Sibling, WarningRun, warning_label, warning_runs

_HOLDING = frozenset({BlockKind.STEP, BlockKind.ITEM, BlockKind.QUOTE})


def with_warnings(text: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks, with an ADMONITION around each warning that only its label marks."""
    blocks = _quoted_warnings(text, blocks)
    starting: dict[int, tuple[WarningRun, list[int]]] = {}
    for siblings in _levels(blocks):
        described = [_sibling(text, blocks[index]) for index in siblings]
        for run in warning_runs(described):
            inside = siblings[run.first : run.behind]
            starting[inside[0]] = (run, inside)
    return _wrapped(text, blocks, starting) if starting else blocks


def _levels(blocks: Sequence[Block]) -> Iterator[list[int]]:
    """The indexes of the blocks that stand in the same block, for each that may hold warnings."""
    children: dict[int, list[int]] = {}
    for index, block in enumerate(blocks):
        if block.parent < 0 or blocks[block.parent].kind in _HOLDING:
            children.setdefault(block.parent, []).append(index)
    yield from children.values()


def _sibling(text: str, block: Block) -> Sibling:
    is_prose = block.kind in (BlockKind.PARAGRAPH, BlockKind.ADMONITION)
    prose = text[block.body_start : block.body_end] if is_prose else ""
    return Sibling(block.kind, prose, block.admonition)


def _quoted_warnings(text: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks, with each quote that begins with a label as the admonition that it is."""
    made = list(blocks)
    for index, block in enumerate(blocks):
        first = index + 1
        if block.kind is not BlockKind.QUOTE or block.admonition or first == len(blocks):
            continue
        paragraph = blocks[first]
        if paragraph.parent != index or paragraph.kind is not BlockKind.PARAGRAPH:
            continue
        label = warning_label(text[paragraph.body_start : paragraph.body_end])
        if label is None:
            continue
        made[first] = bare = _without_label(text, paragraph, label.end)
        made[index] = replace(
            block, kind=BlockKind.ADMONITION, body_start=bare.start, admonition=label.kind
        )
        for inside in range(first, _behind(blocks, index)):
            made[inside] = replace(made[inside], admonition=made[inside].admonition or label.kind)
    return tuple(made)


def _without_label(text: str, paragraph: Block, length: int) -> Block:
    """A paragraph whose body begins behind its label; of kind OTHER where nothing is left."""
    start = paragraph.body_start + length
    rest = text[start : paragraph.body_end]
    if not rest.strip(" \t\n>"):
        return replace(paragraph, kind=BlockKind.OTHER)
    start += len(rest) - len(rest.lstrip())
    return replace(paragraph, start=start, body_start=start)


def _first_of_warning(text: str, blocks: Sequence[Block], index: int, run: WarningRun) -> Block:
    """The first block of a warning without its label; an admonition becomes part of the warning."""
    block = blocks[index]
    if block.kind is BlockKind.ADMONITION:
        is_leaf = _behind(blocks, index) == index + 1
        kind = BlockKind.PARAGRAPH if is_leaf else BlockKind.QUOTE
        return replace(block, kind=kind, start=block.body_start, end=block.body_end)
    return _without_label(text, block, run.label_end) if run.label_end else block


def _behind(blocks: Sequence[Block], index: int) -> int:
    """Behind the last block that is nested in a block."""
    behind = index + 1
    while behind < len(blocks) and blocks[behind].parent >= index:
        behind += 1
    return behind


def _wrapped(
    text: str, blocks: tuple[Block, ...], starting: dict[int, tuple[WarningRun, list[int]]]
) -> tuple[Block, ...]:
    made: list[Block] = []
    place = {-1: -1}  # of each block, its index among those made
    around: dict[int, int] = {}  # of each block in a warning directly, the warning's index
    kinds: dict[int, str] = {}
    for index, block in enumerate(blocks):
        if index in starting:
            run, inside = starting[index]
            around |= dict.fromkeys(inside, len(made))
            kinds |= dict.fromkeys(inside, run.kind)
            last, parent = blocks[inside[-1]], place[block.parent]
            bare = _first_of_warning(text, blocks, index, run)
            around_it = (block.start, last.end, bare.start, last.end, parent)
            made.append(Block(BlockKind.ADMONITION, *around_it, admonition=run.kind))
            block = bare
        kind = kinds.get(index) or kinds.get(block.parent, "")
        if kind:
            kinds[index] = kind
        place[index] = len(made)
        parent = around.get(index, place[block.parent])
        made.append(replace(block, parent=parent, admonition=block.admonition or kind))
    return tuple(made)
