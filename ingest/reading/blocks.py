"""What every loader produces: a file as a sequence of blocks that know their lines."""

from __future__ import annotations

from dataclasses import dataclass

from rag.domain import documents
from rag.domain.documents import BlockKind, LineSpan

__all__ = ["Block", "BlockKind", "Loaded"]


@dataclass(frozen=True, slots=True)
class Block:
    """A block at the top of a file, with everything that is nested in it.

    `text` is the verbatim source lines of `lines` where the format is read line by line
    (Markdown, text, reStructuredText, AsciiDoc), and the extracted text elsewhere. `level` is a
    heading's depth from 1, `title` its text without markup; `language` is a code block's, and
    `admonition` the kind of admonition that the block is or stands in. `parts` are the block and
    those nested in it, with offsets in `text`; without them it is one block that is all body.
    `line_numbers` are the file's lines of each line of extracted text; without them, the lines of
    `text` follow each other as those of `lines` do.
    """

    kind: BlockKind
    text: str
    lines: LineSpan
    level: int = 0
    title: str = ""
    language: str = ""
    admonition: str = ""
    parts: tuple[documents.Block, ...] = ()
    line_numbers: tuple[int, ...] = ()

    def line_at(self, offset: int) -> int:
        """The line of the file on which a character of `text` stands."""
        below = self.text.count("\n", 0, offset)
        if self.line_numbers:
            return self.line_numbers[min(below, len(self.line_numbers) - 1)]
        return self.lines.first + below

    @property
    def tree(self) -> tuple[documents.Block, ...]:
        """The block and what is nested in it, with offsets in `text`; itself first."""
        if self.parts:
            return self.parts
        end = len(self.text)
        about = (self.level, 0, self.language, self.admonition)
        return (documents.Block(self.kind, 0, end, 0, end, -1, *about),)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's blocks in its order, and the title that it gives itself, if any.

    `anchors` are headings with the anchor that their author declared for them.
    """

    blocks: tuple[Block, ...]
    title: str | None
    anchors: tuple[tuple[str, str], ...] = ()
