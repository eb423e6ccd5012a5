"""The shell commands that stand in blocks, with their lines and risks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.reading.blocks import Block, BlockKind
from rag.command_risk.classify import classify, classify_sql, is_known_program
from rag.domain.documents import Command

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
_HEREDOC = re.compile(r"(?<!<)<<-?\s*['\"]?(\w+)['\"]?")
_APOSTROPHE = re.compile(r"\w'\w")
_GOES_ON = re.compile(r"^\s*> ?|\s+$")
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
        for number, text in _whole_commands(language, list(lines)):
            yield Command(number, text[:_MAX_COMMAND], classify(text))


def _whole_commands(language: str, lines: Sequence[_Line]) -> Iterator[_Line]:
    """Commands with all of their lines, each told by its first one."""
    place = 0
    while place < len(lines):
        number, raw = lines[place]
        begun = _beginning(language, raw)
        place += 1
        if begun is not None:
            rest = list(_rest_of(language, begun, lines[place:]))
            place += len(rest)
            yield number, "\n".join([begun, *rest])


def _beginning(language: str, raw: str) -> str | None:
    """The command that begins on a line, without its prompt."""
    prompted = _PROMPT.match(raw)
    bare = raw[prompted.end() :].strip() if prompted else raw.strip()
    if prompted and raw.lstrip().startswith("#") and not is_known_program(bare.split()[0]):
        return None
    return bare if _is_command(language, bare, prompted=prompted is not None) else None


def _is_command(language: str, text: str, *, prompted: bool) -> bool:
    if not text or text.startswith("#"):
        return False
    if language in _SESSIONS:
        return prompted
    return bool(language) or is_known_program(text.split()[0])


def _rest_of(language: str, begun: str, lines: Sequence[_Line]) -> list[str]:
    """The lines that a command goes on with."""
    rest: list[str] = []
    last, quote = begun, _quote_left_open(begun)
    while True:
        more, quote = _more(language, last, quote, lines[len(rest) :])
        if not more:
            return rest
        rest += more
        last = more[-1]


def _more(language: str, last: str, quote: str, lines: Sequence[_Line]) -> tuple[list[str], str]:
    """What follows an open quote, a heredoc's word or a backslash; and the quote it leaves open."""
    if quote:
        return _to_the_quotes_end(language, last, quote, lines)
    if heredoc := _HEREDOC.search(last):
        return _to_the_word(heredoc[1], lines), ""
    if last.endswith("\\") and lines:
        text = _continued(language, lines[0][1]).strip()
        return [text], _quote_left_open(text)
    return [], ""


def _continued(language: str, raw: str) -> str:
    """A line without the `>` that a shell's session puts before what goes on."""
    return _GOES_ON.sub("", raw) if language in _SESSIONS else raw.rstrip()


def _to_the_word(word: str, lines: Sequence[_Line]) -> list[str]:
    inside: list[str] = []
    for _, raw in lines:
        inside.append(raw)
        if raw.strip() == word:
            break
    return inside


def _to_the_quotes_end(
    language: str, last: str, quote: str, lines: Sequence[_Line]
) -> tuple[list[str], str]:
    """Nothing, if the block ends before the quote: then each line stands for itself.

    So it does where a block may be a program's output, and a line begins another command.
    """
    inside: list[str] = []
    if not language and _APOSTROPHE.search(last):
        return [], ""
    for _, raw in lines:
        if not language and _beginning(language, raw) is not None:
            break
        inside.append(_continued(language, raw))
        quote = _quote_left_open(inside[-1], quote)
        if not quote:
            return inside, ""
    return [], ""


def _quote_left_open(line: str, quote: str = "") -> str:
    """The quote that a line leaves open, if it begins within this one."""
    before = " "
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            next(characters, None)
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and before.isspace():
            break
        before = character
    return quote


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
