"""An `acl` that an author wrote where nothing reads it: the document must not be shown to others.

It is looked for in the parsed blocks at the beginning of a document, so that an `acl` in example
code is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ingest.reading.acl_keys import folded
from ingest.reading.blocks import Block, BlockKind
from rag.errors import QuarantineError
from rag.text.blocks import BlockText

_LINES = 40
# At the start of a line, also behind the marks of comments and of fields.
_ACL_LINE = re.compile(
    r"""\s*(?:(?:<!--|//|\.\.|\{?/\*|:|\+|#|%|;|\[//\]:\s*#\s*\()\s*)?["'{]{0,2}acl["']?\s*[:=](?!=)"""
)
_FRONT_MATTER_MARKS = frozenset({"---", "+++", ";;;"})


def refuse_stray_acl(
    blocks: Iterable[Block], reason: str, *, bare_code_counts: bool = False
) -> None:
    """Raise QuarantineError with the line of an `acl` outside code, near the beginning.

    Code without a fence and a language counts where it begins as front matter does; of a format
    that has no front matter (`bare_code_counts`), always.
    """
    first: int | None = None
    for block in blocks:
        first = block.lines.first if first is None else first
        if block.lines.first >= first + _LINES:
            return
        for number, line in _lines_that_count(block, bare_code_counts):
            if number < first + _LINES and is_acl_line(line):
                raise QuarantineError(reason, number)


def may_be_stray(text: str) -> bool:
    """Whether a line near the beginning of a text is one that `refuse_stray_acl` may refuse."""
    filled = (line for line in text.split("\n", 4 * _LINES) if line.strip())
    return any(is_acl_line(line) for line, _ in zip(filled, range(2 * _LINES), strict=False))


def is_acl_line(line: str) -> bool:
    return _ACL_LINE.match(folded(line)) is not None


def _lines_that_count(block: Block, bare_code_counts: bool) -> Iterator[tuple[int, str]]:
    """The lines of a block outside example code."""
    inside = BlockText(block.text, block.tree)
    examples: set[int] = set()
    for index in inside.leaves():
        part = inside.blocks[index]
        if part.kind is BlockKind.CODE and not _counts(inside, index, bare_code_counts):
            first = block.text.count("\n", 0, part.start)
            examples |= set(range(first, block.text.count("\n", 0, part.end) + 1))
    offset = 0
    for place, line in enumerate(block.text.split("\n")):
        if place not in examples:
            yield block.line_at(offset), line
        offset += len(line) + 1


def _counts(inside: BlockText, index: int, bare_code_counts: bool) -> bool:
    block = inside.blocks[index]
    first = inside.code(index).strip().split("\n", 1)[0].strip()
    is_front_matter = first in _FRONT_MATTER_MARKS
    if block.start < block.body_start:  # it has a fence
        return False
    return is_front_matter or (bare_code_counts and not block.language)
