"""What every loader produces: a file as a sequence of blocks that know their lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rag.domain.documents import LineSpan


class BlockKind(StrEnum):
    """What a block is, as far as chunking cares."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    CODE = "code"
    TABLE = "table"
    STEP = "step"  # one item of a numbered list, with everything nested in it
    ITEM = "item"  # one item of a bulleted list, with everything nested in it
    QUOTE = "quote"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a file.

    `text` is the verbatim source lines of `lines` where the format is read line by line
    (Markdown, text, reStructuredText, AsciiDoc), and the extracted text elsewhere. `level` is a
    heading's depth from 1, `title` its text without markup; `language` is a code block's.
    """

    kind: BlockKind
    text: str
    lines: LineSpan
    level: int = 0
    title: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's blocks in its order, and the title that it gives itself, if any."""

    blocks: tuple[Block, ...]
    title: str | None
