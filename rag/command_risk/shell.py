"""The text of a shell: a command line, taken apart into what stands in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import takewhile

from rag.command_risk.sql import of_fed_sql
from rag.command_risk.sql_programs import is_fed_sql
from rag.command_risk.words import Told, word_set
from rag.domain.documents import Risk

# Beyond these, a command is too deeply nested for a runbook.
MOST_LINES = 32
# What the shell itself does, and what changes nothing outside it. Some are words of every day:
# none of them makes a line of prose a command.
BUILTINS = word_set(": [ [[ break continue exit read local declare readonly set shift wait done fi")
# What stands before a command in a compound one.
OPENERS = word_set("if while until then do else elif !")
LOOPS = (word_set("for while until case if select"), word_set("done esac fi"))
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
# A shell's text piece by piece: what is quoted or escaped says nothing of what it writes.
_PIECE = re.compile(
    r"""
    (?P<quoted>'[^']*'|"(?:\\.|[^"\\])*"|\\.)
    |(?P<comment>(?<!\S)\#[^\n]*)
    |(?P<filled_in>
        (?<=[/=:@.-])<[A-Za-z][\w-]*>
        |(?<!\S)<[A-Za-z][\w-]*>(?=$|[\s,;:)|&@-]|/<))
    |(?P<to_nothing>(?:\d|&)?>{1,2}\s*(?:/dev/(?:null|stdout|stderr)(?![\w/.-])|&\s*[\d-]))
    |(?P<writes>(?:\d|&)?(?:<>|>)[>|&]?(?:\s*(?:'[^']*'|"[^"]*"|[^\s;|&()<>'"]+))?)
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBSTITUTION = re.compile(r"\$\(\(([^()]*)\)\)|\$\(([^()]*)\)|`([^`]*)`|[<>]\(([^()]*)\)")
_PUNCTUATION = frozenset(";|&()\n")
_SEPARATOR = frozenset({"{", "}", "!"})


def of_line(command: str) -> list[Told]:
    told: list[Told] = []
    text, inside = _without_substitutions(re.sub(r"\\\n", " ", command))
    told += inside
    text, writes = _without_redirections(text)
    parts = _parts(text)
    told += parts
    if writes:
        told.append(Risk.MUTATING)
    keywords = [word for part in parts for word in _keywords(part)]
    opened, closed = (sum(word in words for word in keywords) for words in LOOPS)
    if opened != closed:  # the rest of it stands on other lines
        told.append(Risk.UNKNOWN)
    if any(is_fed_sql(part) for part in parts):
        told.append(of_fed_sql(command))
    return told


def _without_substitutions(command: str) -> tuple[str, list[str]]:
    """The text with a word for each substitution, and the command lines inside them."""
    inside: list[str] = []

    def taken_out(found: re.Match[str]) -> str:
        inside.extend(line for line in found.groups()[1:] if line)
        return "_" if found[1] is None else "0"

    for _ in range(MOST_LINES):  # the innermost first
        command, count = _SUBSTITUTION.subn(taken_out, command)
        if not count:
            break
    return command, inside


def _without_redirections(text: str) -> tuple[str, bool]:
    """The text without comments, redirections and words to be filled in; whether it writes."""
    writes = False

    def kept(found: re.Match[str]) -> str:
        nonlocal writes
        writes = writes or found["writes"] is not None
        if found["quoted"] is not None:
            # `find` knows two ends of what it executes, and only one of them separates.
            return " + " if found[0] in ("\\;", "';'", '";"') else found[0]
        return "_" if found["filled_in"] else " "

    return _PIECE.sub(kept, text), writes


def _parts(text: str) -> list[list[str]]:
    """The simple commands of a line, as words."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # an unclosed quote
        words = re.findall(r"[^\s;|&()'\"]+|[;|&()\n]+", text)
    parts: list[list[str]] = [[]]
    for word in words:
        if word in _SEPARATOR or (word and _PUNCTUATION.issuperset(word)):
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _keywords(part: Sequence[str]) -> Iterator[str]:
    """The words of the shell that a part begins with."""
    return takewhile(lambda word: word in OPENERS | LOOPS[0] | LOOPS[1], part)
