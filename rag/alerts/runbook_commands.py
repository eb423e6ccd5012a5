"""The commands of a runbook as an incident uses them: quoted with their place, never run.

Read-only commands are checks. What stands under a heading or in an admonition that forbids, and
changes something, is to be avoided; a sentence that warns is quoted as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.answer_parts import Part, Signs, part_of
from rag.domain.documents import Block, BlockKind, Chunk, Command, Document, Kind, Risk
from rag.text.heading_paths import heading_path

_MAX_WARNING_CHARS = 300


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of a document with their place; `risk` is None for a sentence without a command."""

    text: str
    risk: Risk | None
    document: Document
    chunk: Chunk
    line: int

    @property
    def place(self) -> str:
        """Such as `payments/checkout-5xx.md:47`."""
        return f"{self.document.path}:{self.line}"


def read_only_checks(document: Document, chunks: Sequence[Chunk]) -> Iterator[Quoted]:
    """The commands that only read and that nothing forbids, in the document's order."""
    for chunk in chunks:
        for command in chunk.commands:
            allowed = _part(document, chunk, command) is not Part.CARE
            if command.risk is Risk.READ_ONLY and allowed:
                yield Quoted(command.text, command.risk, document, chunk, command.line)


def warnings_of(document: Document, chunks: Sequence[Chunk]) -> Iterator[Quoted]:
    """What a document warns of: forbidden commands, and blocks that warn without a command."""
    for chunk in chunks:
        forbidden = [one for one in chunk.commands if _part(document, chunk, one) is Part.CARE]
        for command in forbidden:
            yield Quoted(command.text, command.risk, document, chunk, command.line)
        covered = {command.block for command in forbidden}
        for index, block in enumerate(chunk.blocks):
            if index not in covered and _warns(document, chunk, block):
                text = " ".join(chunk.text[block.body_start : block.body_end].split())
                line = chunk.lines.first + chunk.text.count("\n", 0, block.start)
                yield Quoted(text[:_MAX_WARNING_CHARS], None, document, chunk, line)


def _part(document: Document, chunk: Chunk, command: Command) -> Part:
    block = chunk.blocks[command.block] if 0 <= command.block < len(chunk.blocks) else None
    text = _opening(chunk, command.block)
    return part_of(
        Signs(
            text=text,
            headings=_headings(chunk, block.start if block else 0),
            risks=frozenset({command.risk}),
            only_reads=command.risk is Risk.READ_ONLY,
            admonition=block.admonition if block else "",
            is_postmortem=document.metadata.kind is Kind.POSTMORTEM,
        )
    )


def _headings(chunk: Chunk, start: int) -> tuple[str, ...]:
    """The headings of the section, and those of the chunk that are open at `start`."""
    inside: list[Block] = []
    for block in chunk.blocks:
        if block.start >= start:
            break
        if block.kind is BlockKind.HEADING:
            inside = [*(one for one in inside if one.level < block.level), block]
    titles = [chunk.text[one.body_start : one.body_end] for one in inside]
    return heading_path(chunk.section, titles)


def _opening(chunk: Chunk, index: int) -> str:
    """The first words of the outermost block that a command stands in."""
    if not 0 <= index < len(chunk.blocks):
        return ""
    while chunk.blocks[index].parent >= 0:
        index = chunk.blocks[index].parent
    block = chunk.blocks[index]
    return chunk.text[block.body_start : block.body_end][:_MAX_WARNING_CHARS]


def _warns(document: Document, chunk: Chunk, block: Block) -> bool:
    if block.parent >= 0 or block.kind in (BlockKind.HEADING, BlockKind.CODE, BlockKind.OTHER):
        return False
    signs = Signs(
        text=chunk.text[block.body_start : block.body_end][:_MAX_WARNING_CHARS],
        headings=_headings(chunk, block.start),
        risks=frozenset(),
        only_reads=False,
        admonition=block.admonition,
        is_postmortem=document.metadata.kind is Kind.POSTMORTEM,
    )
    return part_of(signs) is Part.CARE
