"""Which blocks belong together: a heading and its text, a step and its command, a lead and code."""

from __future__ import annotations

import re

from ingest.reading.blocks import Block, BlockKind

# A line in bold that stands alone is a heading to its author.
_BOLD_LABEL = re.compile(r"(?:\*\*[^*\n]+\*\*|__[^_\n]+__):?")
_INTRODUCED = frozenset(
    {
        BlockKind.CODE,
        BlockKind.ITEM,
        BlockKind.STEP,
        BlockKind.TABLE,
        BlockKind.QUOTE,
        BlockKind.ADMONITION,
    }
)
# The last sentence speaks of what follows: "See the following table."
_POINTS_DOWN = re.compile(r"\b(?:following|below|as follows)\b[^.!?]*[.!?]?\s*\Z", re.IGNORECASE)
_MAX_LABEL = 100  # characters
_SENTENCE_ENDS = tuple(".!?)")


def clings(block: Block, following: Block) -> bool:
    """Whether a block is of little use without the one behind it."""
    if block.kind is BlockKind.HEADING or _BOLD_LABEL.fullmatch(block.text):
        return True
    if following.kind is BlockKind.CODE and (block.kind is BlockKind.STEP or _is_label(block)):
        return True
    if block.kind is BlockKind.ADMONITION and following.kind in (BlockKind.STEP, BlockKind.CODE):
        return True
    points_down = block.text.rstrip().endswith(":") or _POINTS_DOWN.search(block.text[-_MAX_LABEL:])
    return bool(points_down) and following.kind in _INTRODUCED


def _is_label(block: Block) -> bool:
    """Whether a block is a few words that end no sentence, such as those above an example."""
    text = block.text.rstrip()
    is_short = block.kind is BlockKind.PARAGRAPH and len(text) <= _MAX_LABEL
    return is_short and text[-1:] not in _SENTENCE_ENDS
