"""A passage's text as pieces: headings, paragraphs, steps with what belongs to them, code.

Every piece is verbatim; together they hold all of the text but the blank lines between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.text.sentences import sentences


class PieceKind(StrEnum):
    """What a piece is, as far as an answer cares."""

    HEADING = "heading"
    PROSE = "prose"
    ITEM = "item"  # of a list, numbered or not, with everything nested in it
    CODE = "code"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole lines of a passage; `line` counts from 0 in it."""

    kind: PieceKind
    text: str
    line: int


_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}\s")
_ITEM = re.compile(r"( {0,3})(?:\d{1,4}[.)]|[-*+•])\s+(?=\S)")
_LIST_MARK = re.compile(r"^\s*(?:\d{1,4}[.)]|[-*+•])\s+")
_QUOTE_MARK = re.compile(r"^[ \t]*+(?:>[ \t]?)++", re.MULTILINE)
_NESTED = re.compile(r"\s*(?:\||\d{1,4}[.)]\s|[-*+•]\s)")
_TABLE = re.compile(r"\s*\|")


def pieces(text: str) -> list[Piece]:
    """The pieces of a passage, in order."""
    lines = text.split("\n")
    found: list[Piece] = []
    start = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        kind, end = _piece_at(lines, start)
        found.append(Piece(kind, "\n".join(lines[start:end]).rstrip(), start))
        start = end
    return found


def blocks(prose: str) -> Iterator[str]:
    """Paragraphs, nested items and rows of tables, none of which a sentence crosses."""
    block: list[str] = []
    for line in prose.split("\n"):
        if block and (not line.strip() or _NESTED.match(line)):
            yield "\n".join(block)
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield "\n".join(block)


def prose_sentences(text: str) -> Iterator[str]:
    """The sentences of a piece, without its marks of lists and quotes, code and rows of tables."""
    for is_code, run in fenced(text):
        if not is_code:
            for block in blocks(run):
                if not block.lstrip().startswith("|"):
                    yield from sentences(_QUOTE_MARK.sub("", without_list_mark(block)))


def without_list_mark(text: str) -> str:
    return _LIST_MARK.sub("", text)


def fenced(text: str) -> Iterator[tuple[bool, str]]:
    """Runs of lines of `text`: whether each is a fenced block of code, and its lines."""
    lines, start = text.split("\n"), 0
    for opens in range(len(lines)):
        if opens >= start and _FENCE.match(lines[opens]):
            if opens > start:
                yield False, "\n".join(lines[start:opens])
            start = _fence_end(lines, opens)
            yield True, "\n".join(lines[opens:start])
    if start < len(lines):
        yield False, "\n".join(lines[start:])


def _piece_at(lines: Sequence[str], start: int) -> tuple[PieceKind, int]:
    line = lines[start]
    if _FENCE.match(line):
        return PieceKind.CODE, _fence_end(lines, start)
    if _HEADING.match(line):
        return PieceKind.HEADING, start + 1
    if _TABLE.match(line):
        return PieceKind.TABLE, _end(lines, start, lambda other: bool(_TABLE.match(other)))
    if _ITEM.match(line):
        return PieceKind.ITEM, _item_end(lines, start)
    return PieceKind.PROSE, _end(lines, start, _goes_on)


def _goes_on(line: str) -> bool:
    return bool(line.strip()) and not (
        _FENCE.match(line) or _HEADING.match(line) or _TABLE.match(line) or _ITEM.match(line)
    )


def _end(lines: Sequence[str], start: int, goes_on: Callable[[str], bool]) -> int:
    end = start + 1
    while end < len(lines) and goes_on(lines[end]):
        end += 1
    return end


def _fence_end(lines: Sequence[str], start: int) -> int:
    opened = _FENCE.match(lines[start])
    mark = opened[1] if opened else "```"
    for end in range(start + 1, len(lines)):
        if lines[end].strip().startswith(mark) and not lines[end].strip().strip(mark[0]):
            return end + 1
    return len(lines)


def _item_end(lines: Sequence[str], start: int) -> int:
    """Behind an item: what is indented below it belongs to it, blank lines between included."""
    marker = _ITEM.match(lines[start])
    indent = len(marker[1]) + 1 if marker else 1
    end = start + 1
    while end < len(lines):
        line = lines[end]
        if _FENCE.match(line) and _indent(line) >= indent:
            end = _fence_end(lines, end)
        elif (
            line.strip() and (_indent(line) > indent or (_goes_on(line) and lines[end - 1].strip()))
        ) or (not line.strip() and _nested_behind(lines, end, indent)):
            end += 1
        else:
            break
    return end


def _nested_behind(lines: Sequence[str], blank: int, indent: int) -> bool:
    following = next((line for line in lines[blank:] if line.strip()), "")
    return bool(following) and _indent(following) > indent


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
