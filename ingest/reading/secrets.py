"""Takes secrets out of a document as it was parsed, before chunks are made of it.

Blocks keep their kinds and lines: a secret gives way to a mark of its own and to the line breaks
that it had.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from ingest.reading.blocks import Block, Loaded
from rag.domain.documents import Metadata
from rag.guardrails.redaction import Secret, find_secrets, redacted, replacement
from rag.text.blocks import BlockText
from rag.text.edits import Edit, edited

_BETWEEN = "\n\n"  # a secret may begin in one block and end in the next
# A value that is also taken out of titles and metadata; a shorter one may be a word of its own.
_MIN_REPEATED = 8


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """Where a secret stands in a file, and of which kind it is. `line` counts from 1."""

    source: str
    path: str
    line: int
    kind: str


@dataclass(frozen=True, slots=True)
class CleanText:
    """A file's blocks without their secrets; `secrets` are pairs of line and kind."""

    loaded: Loaded
    secrets: tuple[tuple[int, str], ...]
    clean: Callable[[str], str]


def without_secrets(loaded: Loaded) -> CleanText:
    """The blocks of a file without secrets. `clean` does the same for a title or another field.

    Secrets are looked for in all blocks together, so that what announces one may stand in another
    block than its value.
    """
    text = _BETWEEN.join(block.text for block in loaded.blocks)
    secrets = find_secrets(text)
    clean = _cleaner({text[one.start : one.end] for one in secrets})
    starts = _starts(loaded.blocks)
    edits = _edits_by_block(loaded.blocks, starts, secrets)
    blocks = tuple(
        _edited(block, edits.get(index, []), clean) for index, block in enumerate(loaded.blocks)
    )
    title = None if loaded.title is None else clean(loaded.title)
    found = ((_line(loaded.blocks, starts, one), one.kind) for one in secrets)
    anchors = tuple((clean(heading), clean(anchor)) for heading, anchor in loaded.anchors)
    return CleanText(Loaded(blocks, title, anchors), tuple(found), clean)


def clean_metadata(metadata: Metadata, clean: Callable[[str], str]) -> Metadata:
    """Metadata whose texts hold no secret. Who may read the document is not part of it."""
    changed: dict[str, Any] = {}
    for field in fields(metadata):
        value = getattr(metadata, field.name)
        if isinstance(value, tuple):
            changed[field.name] = tuple(map(clean, value))
        elif isinstance(value, str) and not isinstance(value, Enum):
            changed[field.name] = clean(value)
    return replace(metadata, **changed)


def _cleaner(values: set[str]) -> Callable[[str], str]:
    repeated = sorted((one for one in values if len(one) >= _MIN_REPEATED), key=len, reverse=True)

    def clean(text: str) -> str:
        for value in repeated:
            text = text.replace(value, replacement(value))
        return redacted(text)

    return clean


def _starts(blocks: Sequence[Block]) -> list[int]:
    """The offset of each block in the text of all."""
    starts: list[int] = []
    length = 0
    for block in blocks:
        starts.append(length)
        length += len(block.text) + len(_BETWEEN)
    return starts


def _edits_by_block(
    blocks: Sequence[Block], starts: Sequence[int], secrets: Sequence[Secret]
) -> dict[int, list[Edit]]:
    edits: dict[int, list[Edit]] = {}
    for secret in secrets:
        for index in _touched(blocks, starts, secret):
            text = blocks[index].text
            start = max(secret.start - starts[index], 0)
            end = min(secret.end - starts[index], len(text))
            edits.setdefault(index, []).append((start, end, replacement(text[start:end])))
    return edits


def _touched(blocks: Sequence[Block], starts: Sequence[int], secret: Secret) -> Iterator[int]:
    """The blocks that a secret stands in."""
    index = bisect_right(starts, secret.start) - 1
    while index < len(blocks) and starts[index] < secret.end:
        if secret.start < starts[index] + len(blocks[index].text):
            yield index
        index += 1


def _edited(block: Block, edits: Sequence[Edit], clean: Callable[[str], str]) -> Block:
    if block.title:
        block = replace(block, title=clean(block.title))
    if not edits:
        return block
    content = edited(BlockText(block.text, block.parts), edits)
    return replace(block, text=content.text, parts=content.blocks)


def _line(blocks: Sequence[Block], starts: Sequence[int], secret: Secret) -> int:
    """The line of the file on which a secret begins."""
    index = bisect_right(starts, secret.start) - 1
    block = blocks[index]
    return min(block.line_at(secret.start - starts[index]), block.lines.last)
