"""The commands that stand in blocks, with their lines and risks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.chunking.shell_lines import Code, Line, whole_commands
from ingest.chunking.sql_sessions import is_sql, sql_session
from ingest.reading.blocks import Block, BlockKind
from rag.command_risk.classify import CommandClassifier
from rag.domain.documents import Command
from rag.text.blocks import BlockText

_SHELLS = {
    **dict.fromkeys(("sh", "bash", "shell", "zsh", "ksh"), Code.SHELL),
    **dict.fromkeys(
        ("console", "shell-session", "shellsession", "sh-session", "terminal"), Code.SESSION
    ),
    "": Code.ANY,
}
_SQL = frozenset({"sql", "postgresql", "pgsql", "mysql"})
_BARE_PROMPT = re.compile(r"^\s*>\s+")
# Comments, and what clients print: https://dev.mysql.com/doc/refman/8.4/en/entering-queries.html
_NO_STATEMENT = re.compile(
    r"--|\||\+-|\d+ rows? |\(\d+ rows?\)|Query OK|Empty set|ERROR \d|Rows matched|Database changed"
)
_YAML = frozenset({"yaml", "yml", "json"})
_HERE_DOCUMENT = re.compile(r"\s*\w[^\n<]{0,300}<<-?\s*['\"]?\w+")
_SPAN = re.compile(r"`([^`\n]+)`")
_ONE_SPAN = re.compile(r"\s*`[^`\n]+`\s*")  # a paragraph that is nothing but code
_NESTING = frozenset({BlockKind.STEP, BlockKind.ITEM, BlockKind.QUOTE, BlockKind.ADMONITION})
_MAX_COMMAND = 4000


def commands_in(blocks: Sequence[Block], classifier: CommandClassifier) -> tuple[Command, ...]:
    """Every command of these blocks, in the order of their lines.

    A command's `block` is an index in the blocks' trees, one after another.
    """
    reader = _CommandReader(classifier)
    found: list[Command] = []
    above = 0
    for block in blocks:
        found += reader.in_block(block, above)
        above += len(block.tree)
    return tuple(found)


class _CommandReader:
    """Finds commands, and classifies them with one classifier."""

    def __init__(self, classifier: CommandClassifier) -> None:
        self._classifier = classifier

    def in_block(self, block: Block, above: int) -> Iterator[Command]:
        """The commands of a block's tree; `above` is the index of its first block."""
        inside = BlockText(block.text, block.tree)
        for index in inside.leaves():
            part = inside.blocks[index]
            lines = _numbered(block, part.body_start, inside.words(index))
            if part.kind is BlockKind.CODE:
                yield from self._in_code(part.language, lines, above + index)
            elif block.kind in _NESTING or _ONE_SPAN.fullmatch(block.text):
                yield from self._in_prose(lines, above + index)

    def _in_prose(self, lines: Iterable[Line], block: int) -> Iterator[Command]:
        for number, text in lines:
            for span in _SPAN.findall(text):
                words = span.split()
                if len(words) > 1 and self._classifier.is_known_program(words[0]):
                    yield Command(number, span, self._classifier.classify(span), block)

    def _in_code(self, language: str, lines: Sequence[Line], block: int) -> Iterator[Command]:
        if language in _YAML and _HERE_DOCUMENT.match(lines[0][1]) and self._knows(lines[0][1]):
            language = "sh"  # what it holds is YAML: `kubectl apply -f - <<EOF`
        if language not in _SQL and language not in _SHELLS:
            return
        session = sql_session(lines)
        if not session.statements and (language in _SQL or (not language and is_sql(lines))):
            yield from self._in_sql(_statements(lines), block)
            return
        shell = self._in_shell(_SHELLS.get(language, Code.ANY), session.shell, block)
        found = [*shell, *self._in_sql(session.statements, block)]
        yield from sorted(found, key=lambda one: one.line)

    def _knows(self, line: str) -> bool:
        return self._classifier.is_known_program(line.split()[0])

    def _in_sql(self, statements: Iterable[Line], block: int) -> Iterator[Command]:
        for number, text in statements:
            risk = self._classifier.classify_sql(text)
            yield Command(number, text[:_MAX_COMMAND], risk, block)

    def _in_shell(self, code: Code, lines: Sequence[Line], block: int) -> Iterator[Command]:
        known = self._classifier.is_known_program
        for number, text in whole_commands(code, lines, known):
            yield Command(number, text[:_MAX_COMMAND], self._classifier.classify(text), block)


def _numbered(block: Block, start: int, words: str) -> list[Line]:
    """The lines of some words that begin at `start` in a block, each with its number."""
    texts = words.split("\n")
    if not block.line_numbers:
        return list(enumerate(texts, block.line_at(start)))
    first = block.text.count("\n", 0, start)
    last = len(block.line_numbers) - 1
    return [(block.line_numbers[min(at, last)], text) for at, text in enumerate(texts, first)]


def _statements(lines: Iterable[Line]) -> Iterator[Line]:
    """SQL statements with all of their lines, and the number of the first of them."""
    begun: list[str] = []
    first = 0
    for number, raw in lines:
        text = _BARE_PROMPT.sub("", raw).strip()
        if not text or _NO_STATEMENT.match(text):
            continue
        first = first if begun else number
        begun.append(text)
        if text.endswith(";") or text.startswith("\\"):
            yield first, "\n".join(begun)
            begun = []
    if begun:
        yield first, "\n".join(begun)
