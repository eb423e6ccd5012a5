"""The shell commands that stand in blocks, with their lines and risks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.blocks import Block, BlockKind
from rag.commands import classify, classify_sql, is_known_program
from rag.domain import Command

_SHELLS = frozenset({"sh", "bash", "shell", "zsh", "ksh"})
_SESSIONS = frozenset({"console", "shell-session", "shellsession", "sh-session", "terminal"})
_SQL = frozenset({"sql", "postgresql", "pgsql", "mysql"})
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([\w+-]*)")
# What opens, closes or describes a block of code in one of the formats, and is no code itself.
_MARKUP = re.compile(
    r"\s*(?:`{3,}|~{3,}|-{4,}|\.{4,}|\.\. [\w-]+::|:[\w-]+:|\[source\b|\[[\w,-]+\]$)"
)
_PROMPT = re.compile(r"\s*(?:[\w.@:~/-]*[$#%]|>)\s+(?=\S)")
_SPAN = re.compile(r"`([^`\n]+)`")
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_NESTING = frozenset({BlockKind.STEP, BlockKind.ITEM, BlockKind.QUOTE})
_MAX_COMMAND = 4000

_Line = tuple[int, str]


def commands_in(blocks: Sequence[Block]) -> tuple[Command, ...]:
    """Every command of these blocks, in the order of their lines."""
    return tuple(command for block in blocks for command in _in_block(block))


def _in_block(block: Block) -> Iterator[Command]:
    lines = [(block.lines.first + i, line) for i, line in enumerate(block.text.split("\n"))]
    if block.kind is BlockKind.CODE:
        inner = [line for line in lines if not _MARKUP.match(line[1])]
        yield from _in_code(block.language or _fence_language(lines), inner)
    elif block.kind in _NESTING:
        yield from _in_nested(lines)


def _fence_language(lines: Sequence[_Line]) -> str:
    found = _FENCE.match(lines[0][1]) if lines else None
    return found[2].lower() if found else ""


def _in_nested(lines: Sequence[_Line]) -> Iterator[Command]:
    """Fences within an item, and commands that its text quotes."""
    fence, language, inside = "", "", list[_Line]()
    for number, text in lines:
        found = _FENCE.match(text)
        if fence and found and found[1].startswith(fence):
            yield from _in_code(language, inside)
            fence, inside = "", []
        elif fence:
            inside.append((number, text))
        elif found:
            fence, language = found[1], found[2].lower()
        else:
            yield from _quoted(number, text)


def _quoted(number: int, text: str) -> Iterator[Command]:
    for span in _SPAN.findall(text):
        if len(span.split()) > 1 and is_known_program(span.split()[0]):
            yield Command(number, span, classify(span))


def _in_code(language: str, lines: Iterable[_Line]) -> Iterator[Command]:
    if language in _SQL:
        yield from _statements(lines)
    elif language in _SHELLS | _SESSIONS or not language:
        for number, text in _whole_commands(_candidates(language, lines)):
            yield Command(number, text[:_MAX_COMMAND], classify(text))


def _candidates(language: str, lines: Iterable[_Line]) -> Iterator[_Line]:
    """Lines that are commands; a line that goes on from the one before is one as well."""
    goes_on, until = False, ""
    for number, raw in lines:
        text = raw.strip()
        if until:
            yield number, raw
            until = "" if text == until else until
            continue
        prompted = _PROMPT.match(raw)
        bare = raw[prompted.end() :].strip() if prompted else text
        if prompted and raw.lstrip().startswith("#") and not is_known_program(bare.split()[0]):
            continue
        if goes_on or _is_command(language, bare, prompted=prompted is not None):
            yield number, text if goes_on else bare
            goes_on = text.endswith("\\")
            heredoc = _HEREDOC.search(bare)
            until = heredoc[1] if heredoc else ""


def _is_command(language: str, text: str, *, prompted: bool) -> bool:
    if not text or text.startswith("#"):
        return False
    if language in _SESSIONS:
        return prompted
    return bool(language) or is_known_program(text.split()[0])


def _whole_commands(lines: Iterable[_Line]) -> Iterator[_Line]:
    """Continued lines and heredocs as one command, told by its first line."""
    begun: _Line | None = None
    until = ""
    for number, text in lines:
        begun = (begun[0], f"{begun[1]}\n{text}") if begun else (number, text)
        if until:
            until = "" if text.strip() == until else until
        elif heredoc := _HEREDOC.search(text):
            until = heredoc[1]
        if not until and not text.endswith("\\"):
            yield begun
            begun = None
    if begun:
        yield begun


def _statements(lines: Iterable[_Line]) -> Iterator[Command]:
    begun: _Line | None = None
    for number, raw in lines:
        text = raw.strip()
        if not text or text.startswith("--"):
            continue
        begun = (begun[0], f"{begun[1]}\n{text}") if begun else (number, text)
        if text.endswith(";") or text.startswith("\\"):
            yield Command(begun[0], begun[1][:_MAX_COMMAND], classify_sql(begun[1]))
            begun = None
    if begun:
        yield Command(begun[0], begun[1][:_MAX_COMMAND], classify_sql(begun[1]))
