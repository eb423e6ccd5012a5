"""Changes of a text that keep its blocks where they belong."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace

from rag.text.blocks import BlockText

Edit = tuple[int, int, str]  # the text between two offsets, and what takes its place


def edited(content: BlockText, edits: Iterable[Edit]) -> BlockText:
    """The text with these changes, of which none overlap.

    Every block keeps its index. One whose whole text is replaced from inside another is left empty.
    """
    ordered = sorted(edits)
    if not ordered:
        return content
    parts: list[str] = []
    starts: list[int] = []
    moves: list[tuple[int, int, int]] = []  # end of the old text; start and end of the new text
    done = length = 0
    for start, end, new in ordered:
        parts += [content.text[done:start], new]
        length += start - done
        starts.append(start)
        moves.append((end, length, length + len(new)))
        length, done = length + len(new), end

    def moved(offset: int) -> int:
        place = bisect_right(starts, offset) - 1
        if place < 0:
            return offset
        old_end, new_start, new_end = moves[place]
        if offset == starts[place]:
            return new_start
        return new_end + max(0, offset - old_end)

    blocks = tuple(
        replace(
            block,
            start=moved(block.start),
            end=moved(block.end),
            body_start=moved(block.body_start),
            body_end=moved(block.body_end),
        )
        for block in content.blocks
    )
    return BlockText("".join([*parts, content.text[done:]]), blocks)
