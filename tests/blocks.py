"""What must hold of every text with blocks."""

from __future__ import annotations

from collections.abc import Sequence

from rag.domain.documents import Block


def assert_sound(text: str, blocks: Sequence[Block]) -> None:
    """Blocks are within the text, in order and properly nested, and no character is lost."""
    assert "".join(_uncovered(text, blocks)).split() == []
    starts = [block.start for block in blocks]
    assert starts == sorted(starts)
    ends: dict[int, int] = {}  # where the last block of each parent ends
    for index, block in enumerate(blocks):
        assert 0 <= block.start < block.end <= len(text)
        assert block.start <= block.body_start <= block.body_end <= block.end
        assert -1 <= block.parent < index
        assert block.start >= ends.get(block.parent, 0)
        ends[block.parent] = block.end
        if block.parent >= 0:
            outer = blocks[block.parent]
            assert outer.body_start <= block.start
            assert block.end <= outer.end


def _uncovered(text: str, blocks: Sequence[Block]) -> list[str]:
    """What of the text stands in no block at the top."""
    found, behind = [], 0
    for block in blocks:
        if block.parent < 0:
            found.append(text[behind : block.start])
            behind = block.end
    return [*found, text[behind:]]
