"""Programs for SQL: the statements among their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.command_risk.tables import SqlWords

_READS_FILE = re.compile(r"-[0-9A-Za-z]{0,6}f|--file(?:=.*)?|<", re.DOTALL)
_CONNECTION = re.compile(r"\s*\w+=\S+(?:\s+\w+=\S+)*\s*")


def reads_file(arguments: Sequence[str]) -> bool:
    """Whether a program for SQL takes its statements from a file."""
    return any(_READS_FILE.fullmatch(word) for word in arguments)


def statements_in(words: SqlWords, letter: str, arguments: Sequence[str]) -> Iterator[str]:
    """The statements among the arguments; `letter` is the option that takes one."""
    bundle = re.compile(rf"-[A-Za-z0-9]*?{letter}(.*\s.*)?" if letter else "-cmd()", re.DOTALL)
    position = 0
    while position < len(arguments):
        word = arguments[position]
        option, _, value = word.partition("=")
        if option in words.statement_options and value:
            yield value
        elif (bundled := bundle.fullmatch(word)) and bundled[1]:
            yield bundled[1]
        elif word in words.statement_options or bundled:
            position += 1
            yield from arguments[position : position + 1]
        elif word in words.options_with_value:
            position += 1
        elif (" " in word or word.startswith("\\")) and not _CONNECTION.fullmatch(word):
            yield word
        position += 1
