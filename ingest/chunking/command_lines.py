"""The shell commands that stand in blocks, with their lines and risks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.reading.blocks import Block, BlockKind
from rag.command_risk.classify import CommandClassifier
from rag.domain.documents import Command
from rag.text.blocks import BlockText

_SHELLS = frozenset({"sh", "bash", "shell", "zsh", "ksh"})
_SESSIONS = frozenset({"console", "shell-session", "shellsession", "sh-session", "terminal"})
_SQL = frozenset({"sql", "postgresql", "pgsql", "mysql"})
# A comment, a rule below the names of columns, a fence that nothing closes.
_NO_COMMAND = re.compile(r"#|-{4,}|`{3,}|~{3,}")
_PROMPT = re.compile(r"\s*(?:[\w.@:~/-]*[$#%]|>)\s+(?=\S)")
_SPAN = re.compile(r"`([^`\n]+)`")
_HEREDOC = re.compile(r"(?<!<)<<-?\s*['\"]?(\w+)['\"]?")
_APOSTROPHE = re.compile(r"\w'\w")
_CONTINUES = re.compile(r"^\s*> ?")
_NESTING = frozenset({BlockKind.STEP, BlockKind.ITEM, BlockKind.QUOTE, BlockKind.ADMONITION})
_MAX_COMMAND = 4000

_Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Code:
    """The language that lines are written in, and what classifies the commands in them."""

    language: str
    classifier: CommandClassifier


def commands_in(blocks: Sequence[Block], classifier: CommandClassifier) -> tuple[Command, ...]:
    """Every command of these blocks, in the order of their lines.

    A command's `block` is an index in the blocks' trees, one after another.
    """
    found: list[Command] = []
    above = 0
    for block in blocks:
        found += _in_block(block, above, classifier)
        above += len(block.tree)
    return tuple(found)


def _in_block(block: Block, above: int, classifier: CommandClassifier) -> Iterator[Command]:
    inside = BlockText(block.text, block.tree)
    nests = block.kind in _NESTING
    for index in inside.leaves():
        part = inside.blocks[index]
        first = block.lines.first + block.text.count("\n", 0, part.body_start)
        lines = list(enumerate(inside.body_lines(index), first))
        if part.kind is BlockKind.CODE:
            found = _in_code(_Code(part.language, classifier), lines)
        else:
            quoted = lines if nests else []
            found = (one for line in quoted for one in _quoted(line, classifier))
        yield from (replace(command, block=above + index) for command in found)


def _quoted(line: _Line, classifier: CommandClassifier) -> Iterator[Command]:
    number, text = line
    for span in _SPAN.findall(text):
        if len(span.split()) > 1 and classifier.is_known_program(span.split()[0]):
            yield Command(number, span, classifier.classify(span))


def _in_code(code: _Code, lines: Iterable[_Line]) -> Iterator[Command]:
    if code.language in _SQL:
        yield from _statements(code, lines)
    elif code.language in _SHELLS | _SESSIONS or not code.language:
        for number, text in _whole_commands(code, list(lines)):
            yield Command(number, text[:_MAX_COMMAND], code.classifier.classify(text))


def _whole_commands(code: _Code, lines: Sequence[_Line]) -> Iterator[_Line]:
    """Commands with all of their lines, each told by its first one."""
    place = 0
    while place < len(lines):
        number, raw = lines[place]
        begun = _beginning(code, raw)
        place += 1
        if begun is not None:
            rest = list(_rest_of(code, begun, lines[place:]))
            place += len(rest)
            yield number, "\n".join([begun, *rest])


def _beginning(code: _Code, raw: str) -> str | None:
    """The command that begins on a line, without its prompt."""
    prompted = _PROMPT.match(raw)
    bare = raw[prompted.end() :].strip() if prompted else raw.strip()
    if (
        prompted
        and raw.lstrip().startswith("#")
        and not code.classifier.is_known_program(bare.split()[0])
    ):
        return None
    return bare if _is_command(code, bare, prompted=prompted is not None) else None


def _is_command(code: _Code, text: str, *, prompted: bool) -> bool:
    if not text or _NO_COMMAND.match(text):
        return False
    if code.language in _SESSIONS:
        return prompted
    return bool(code.language) or code.classifier.is_known_program(text.split()[0])


def _rest_of(code: _Code, begun: str, lines: Sequence[_Line]) -> list[str]:
    """The lines that a command goes on with."""
    rest: list[str] = []
    last, quote = begun, _quote_left_open(begun)
    while True:
        more, quote = _more(code, last, quote, lines[len(rest) :])
        if not more:
            return rest
        rest += more
        last = more[-1]


def _more(code: _Code, last: str, quote: str, lines: Sequence[_Line]) -> tuple[list[str], str]:
    """What follows an open quote, a heredoc's word or a backslash; and the quote it leaves open."""
    if quote:
        return _to_the_quotes_end(code, last, quote, lines)
    if heredoc := _HEREDOC.search(last):
        return _to_the_word(heredoc[1], lines), ""
    if last.endswith("\\") and lines:
        text = _continued(code, lines[0][1]).strip()
        return [text], _quote_left_open(text)
    return [], ""


def _continued(code: _Code, raw: str) -> str:
    """A line without the `>` that a shell's session puts before what goes on."""
    return (_CONTINUES.sub("", raw) if code.language in _SESSIONS else raw).rstrip()


def _to_the_word(word: str, lines: Sequence[_Line]) -> list[str]:
    inside: list[str] = []
    for _, raw in lines:
        inside.append(raw)
        if raw.strip() == word:
            break
    return inside


def _to_the_quotes_end(
    code: _Code, last: str, quote: str, lines: Sequence[_Line]
) -> tuple[list[str], str]:
    """Nothing, if the block ends before the quote: then each line stands for itself.

    So it does where a block may be a program's output, and a line begins another command.
    """
    inside: list[str] = []
    if not code.language and _APOSTROPHE.search(last):
        return [], ""
    for _, raw in lines:
        if not code.language and _beginning(code, raw) is not None:
            break
        inside.append(_continued(code, raw))
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


def _statements(code: _Code, lines: Iterable[_Line]) -> Iterator[Command]:
    begun: _Line | None = None
    for number, raw in lines:
        text = raw.strip()
        if not text or text.startswith("--"):
            continue
        begun = (begun[0], f"{begun[1]}\n{text}") if begun else (number, text)
        if text.endswith(";") or text.startswith("\\"):
            yield Command(begun[0], begun[1][:_MAX_COMMAND], code.classifier.classify_sql(begun[1]))
            begun = None
    if begun:
        yield Command(begun[0], begun[1][:_MAX_COMMAND], code.classifier.classify_sql(begun[1]))
