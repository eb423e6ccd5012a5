"""Blocks to chunks, by heading structure and a token budget.

Code, tables and numbered steps are cut only where they are longer than a chunk may be. A heading
stays with what follows it, a step with the command below it, and a line that ends in a colon with
what it introduces. Small neighbouring sections are joined; long prose is cut between sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from ingest.chunking.cohesion import clings
from ingest.chunking.command_lines import commands_in
from ingest.chunking.prose import TokenCounter, cut_to_length, split_prose
from ingest.reading.blocks import Block, BlockKind
from rag.command_risk.classify import make_classifier
from rag.domain import documents
from rag.domain.documents import Chunk, LineSpan
from rag.text.blocks import moved
from rag.text.limits import MAX_CHUNK_CHARS

# Part of a generation's fingerprint: raise it when the same blocks would make other chunks, or
# commands of another risk, or when the lexical index would hold other words of them.
CHUNKER_VERSION = "5"

_UNCUT = frozenset({BlockKind.HEADING, BlockKind.CODE, BlockKind.TABLE, BlockKind.STEP})
# Headings may be absurdly long; what stands before a chunk's text keeps to this share of it.
_CONTEXT_SHARE = 4
_CHARS_PER_TOKEN = 4
# A tokenizer may make one token of a line of base64: it counts as one for so many characters.
_MAX_CHARS_PER_TOKEN = 32
# A longer text is over every budget: its beginning tells about how many tokens it has.
_COUNTED_CHARS = 10_000
_MAX_DEPTH = 8  # formats have six levels of headings; deeper ones count as the last


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Budgets in tokens of the embedding model; `max_tokens` holds title, headings and text.

    `team_commands` is the text of the team's table of commands, if it has one. With
    `redact_secrets` chunks are made of text whose secrets were taken out.
    """

    max_tokens: int = 256
    min_tokens: int = 64
    team_commands: str = ""
    redact_secrets: bool = True


@dataclass(frozen=True, slots=True)
class _Unit:
    """A run of blocks that stays together."""

    blocks: tuple[Block, ...]
    tokens: int

    @property
    def can_be_cut(self) -> bool:
        return self.blocks[-1].kind not in _UNCUT


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading path and the units under it, the heading itself among them."""

    path: tuple[str, ...]
    units: tuple[_Unit, ...]

    @property
    def tokens(self) -> int:
        return sum(unit.tokens for unit in self.units)


class Chunker:
    """Chunks documents for one embedding model."""

    def __init__(self, count_tokens: TokenCounter, settings: ChunkSettings | None = None) -> None:
        self._count_whole = count_tokens
        self.settings = settings or ChunkSettings()
        self._classifier = make_classifier(self.settings.team_commands)

    def chunk(self, document_id: str, title: str, blocks: Sequence[Block]) -> tuple[Chunk, ...]:
        """The chunks of a document; together they hold every block, in order."""
        sections = self._sections(title, blocks)
        paths = {section.path[:depth] for section in sections for depth in range(_MAX_DEPTH)}
        contexts = {path: self._context(title, path) for path in sorted(paths)}
        budgets = dict(zip(contexts, self._room(list(contexts.values())), strict=True))
        made: list[Chunk] = []
        for section in _joined(sections, budgets, self.settings.min_tokens):
            for group in self._packed(section.units, budgets[section.path]):
                chunk = _chunk(document_id, len(made), group, section.path, contexts[section.path])
                made.append(replace(chunk, commands=commands_in(group, self._classifier)))
        return tuple(made)

    def _count_tokens(self, texts: Sequence[str]) -> list[int]:
        beginnings = [text[:_COUNTED_CHARS] for text in texts]
        return [
            max(tokens * len(text) // max(len(beginning), 1), len(text) // _MAX_CHARS_PER_TOKEN)
            for text, beginning, tokens in zip(
                texts, beginnings, self._count_whole(beginnings), strict=True
            )
        ]

    def _sections(self, title: str, blocks: Sequence[Block]) -> list[_Section]:
        counts = self._count_tokens([block.text for block in blocks])
        sections: list[_Section] = []
        for path, inside in _by_heading(title, list(zip(blocks, counts, strict=True))):
            sections.append(_Section(path, tuple(_units(inside))))
        return sections

    def _context(self, title: str, path: tuple[str, ...]) -> str:
        limit = self.settings.max_tokens // _CONTEXT_SHARE * _CHARS_PER_TOKEN
        parts = [title[:limit]]
        if path:
            parts.append(" > ".join(path)[-limit:])
        return "\n".join(parts)

    def _room(self, contexts: Sequence[str]) -> list[int]:
        """Tokens left for text behind each context."""
        return [self.settings.max_tokens - tokens for tokens in self._count_tokens(contexts)]

    def _packed(self, units: Sequence[_Unit], budget: int) -> Iterator[tuple[Block, ...]]:
        """Units in as few groups as fit the budget; a unit over it stands alone or is cut."""
        group: list[Block] = []
        used = length = 0
        for unit in self._fitting(units, budget):
            added = _length([*group[-1:], *unit.blocks]) - sum(len(b.text) for b in group[-1:])
            if group and (used + unit.tokens > budget or length + added > MAX_CHUNK_CHARS):
                yield tuple(group)
                group, used, length = [], 0, 0
                added = _length(unit.blocks)
            group.extend(unit.blocks)
            used += unit.tokens
            length += added
        if group:
            yield tuple(group)

    def _fitting(self, units: Sequence[_Unit], budget: int) -> Iterator[_Unit]:
        for unit in (sized for whole in units for sized in self._sized(whole)):
            if unit.tokens > budget and unit.can_be_cut:
                yield from self._cut(unit, budget)
            else:
                yield unit

    def _sized(self, unit: _Unit) -> Iterator[_Unit]:
        """The unit, or where it is longer than a chunk may be its blocks, cut to that length.

        Headings stay with the first part of what they are above, if they leave room for it.
        """
        if _length(unit.blocks) <= MAX_CHUNK_CHARS:
            yield unit
            return
        headings = tuple(takewhile(lambda block: block.kind is BlockKind.HEADING, unit.blocks))
        rest = unit.blocks[len(headings) :]
        room = MAX_CHUNK_CHARS
        if headings and rest:
            room -= _length((*headings, rest[0])) - len(rest[0].text)
        if not rest or room < MAX_CHUNK_CHARS // 2:
            headings, rest, room = (), unit.blocks, MAX_CHUNK_CHARS
        parts = [*headings, *(part for block in rest for part in cut_to_length(block, room))]
        counts = self._count_tokens([part.text for part in parts])
        counted = list(zip(parts, counts, strict=True))
        together = len(headings) + 1
        yield _unit(counted[:together])
        yield from (_unit([item]) for item in counted[together:])

    def _cut(self, unit: _Unit, budget: int) -> Iterator[_Unit]:
        """The last block of a unit in parts, the first of them behind the blocks before it."""
        *leading, prose = unit.blocks
        led = sum(self._count_tokens([block.text for block in leading]))
        room = budget - led if led < budget // 2 else budget
        parts = list(split_prose(prose, room, self._count_tokens))
        counts = self._count_tokens([part.text for part in parts])
        for index, (part, tokens) in enumerate(zip(parts, counts, strict=True)):
            if index == 0:
                yield _Unit((*leading, part), led + tokens)
            else:
                yield _Unit((part,), tokens)


def _by_heading(
    title: str, counted: Sequence[tuple[Block, int]]
) -> Iterator[tuple[tuple[str, ...], list[tuple[Block, int]]]]:
    """Each heading's own blocks, under the titles of the headings that it stands in."""
    open_headings: list[tuple[int, str]] = []
    inside: list[tuple[Block, int]] = []
    for block, tokens in counted:
        if block.kind is BlockKind.HEADING:
            # A heading with nothing but a deeper one below it stands above that one.
            is_bare = all(above.kind is BlockKind.HEADING for above, _ in inside)
            if inside and not (is_bare and open_headings[-1][0] < block.level):
                yield _path(title, open_headings), inside
                inside = []
            open_headings = [kept for kept in open_headings if kept[0] < block.level]
            open_headings.append((block.level, block.title))
        inside.append((block, tokens))
    if inside:
        yield _path(title, open_headings), inside


def _path(title: str, open_headings: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """The heading path, without a first heading that only repeats the title."""
    names = [name for _, name in open_headings if name]
    if names and names[0].strip().casefold() == title.strip().casefold():
        names = names[1:]
    return tuple(names[: _MAX_DEPTH - 1])


def _units(counted: Sequence[tuple[Block, int]]) -> Iterator[_Unit]:
    run: list[tuple[Block, int]] = []
    for item in counted:
        if run and not clings(run[-1][0], item[0]):
            yield _unit(run)
            run = []
        run.append(item)
    if run:
        yield _unit(run)


def _unit(run: Sequence[tuple[Block, int]]) -> _Unit:
    return _Unit(tuple(block for block, _ in run), sum(tokens for _, tokens in run))


def _joined(
    sections: Sequence[_Section], budgets: dict[tuple[str, ...], int], min_tokens: int
) -> list[_Section]:
    """Small neighbouring sections as one, under the headings that they share."""
    joined: list[_Section] = []
    for section in sections:
        if joined and min(joined[-1].tokens, section.tokens) < min_tokens:
            both = _Section(
                _shared(joined[-1].path, section.path), joined[-1].units + section.units
            )
            if both.tokens <= budgets[both.path]:
                joined[-1] = both
                continue
        joined.append(section)
    return joined


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return one[:length]


def _length(blocks: Sequence[Block]) -> int:
    """The characters of these blocks and of what stands between them."""
    between = sum(len(_between(before, block)) for before, block in pairwise(blocks))
    return between + sum(len(block.text) for block in blocks)


def _between(before: Block, block: Block) -> str:
    """What stands in the file between two blocks; parts of cut prose may share a line."""
    if before.lines.last == block.lines.first and before.kind not in _UNCUT:
        return " "
    return "\n" * max(1, block.lines.first - before.lines.last)


def _chunk(
    document_id: str, ordinal: int, blocks: tuple[Block, ...], path: tuple[str, ...], context: str
) -> Chunk:
    text, parts = "", list[documents.Block]()
    for before, block in zip([None, *blocks], blocks, strict=False):
        text += _between(before, block) if before else ""
        parts += moved(block.tree, len(text), len(parts))
        text += block.text
    return Chunk(
        document_id=document_id,
        ordinal=ordinal,
        text=text,
        section=path,
        lines=LineSpan(blocks[0].lines.first, max(block.lines.last for block in blocks)),
        context=context,
        blocks=tuple(parts),
    )
