"""The syntax of a shell: a command line, split into the simple commands in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rag.command_risk.words import word_set

# Command lines nested more deeply than this are not followed.
MAX_NESTING = 32
# Commands of the shell itself that change nothing outside it. Some are words of every day: none of
# them makes a line of prose a command.
BUILTINS = word_set(": [ [[ break continue exit read local declare readonly set shift wait done fi")
# Words that come before a command in a compound one.
KEYWORDS = word_set("if while until then do else elif !")
COMPOUND_OPENERS = word_set("for while until case if select")
_COMPOUND_CLOSERS = frozenset({"done", "esac", "fi"})
# The word behind one of these is a file or text, and no word of the command.
INPUT_REDIRECTIONS = frozenset({"<", "<<", "<<-", "<<<"})
ASSIGNMENT = re.compile(r"\A[A-Za-z_]\w*\+?=.*", re.DOTALL)
# The parts of a line's text that matter before it is split into words. What is quoted or escaped
# redirects nothing.
_SYNTAX = re.compile(
    r"""
    (?P<quoted>'[^']*'|"(?:\\.|[^"\\])*"|\\.)
    |(?P<comment>(?<!\S)\#[^\n]*)
    |(?P<placeholder>
        (?<=[/=:@.-])<[A-Za-z][\w-]*(?:\|[\w-]+)*>
        |(?<!\S)<[A-Za-z][\w-]*>(?=$|[\s,;:)|&@-]|/<)
        |(?:(?<=[/=:@.-])|(?<!\S))<[A-Za-z][\w-]{0,40}(?:[ ][\w-]{1,40}){1,4}>(?=[ ]*(?:$|[|;)])))
    |(?P<discards>(?:\d|&)?>{1,2}\s*(?:/dev/(?:null|stdout|stderr)(?![\w/.-])|&\s*[\d-]))
    |(?P<writes>(?:\d|&)?(?:<>|>)[>|&]?(?:\s*(?:'[^']*'|"[^"]*"|[^\s;|&()<>'"]+))?)
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBSTITUTION = re.compile(r"\$\(\(([^()]*)\)\)|\$\(([^()]*)\)|`([^`]*)`|[<>]\(([^()]*)\)")
_PUNCTUATION = frozenset(";|&()\n")
_SEPARATORS = frozenset({"{", "}", "!"})


@dataclass(frozen=True, slots=True)
class ShellLine:
    """A command line, split.

    `commands` are its simple commands as words, `substituted` the command lines inside them, such
    as that of `$(…)`. `writes` says that output goes to a file. `nesting` is how many compound
    commands (`for`, `if`, `case`) begin in it and end on another line, less those that end in it
    and begin on another.
    """

    commands: list[list[str]]
    substituted: list[str]
    writes: bool
    nesting: int

    @property
    def incomplete(self) -> bool:
        """Whether a compound command begins or ends on another line."""
        return self.nesting != 0


def split_line(line: str) -> ShellLine:
    """Splits a command line, which may span lines of text; never raises."""
    text, substituted = _without_substitutions(line.replace("\\\n", " "))
    text, writes = _without_redirections(text)
    commands = _commands(text)
    keywords = [word for command in commands for word in _keywords(command)]
    opened = sum(word in COMPOUND_OPENERS for word in keywords)
    closed = sum(word in _COMPOUND_CLOSERS for word in keywords)
    return ShellLine(commands, substituted, writes, nesting=opened - closed)


def _without_substitutions(line: str) -> tuple[str, list[str]]:
    """The text with a word for each substitution, and the command lines inside them."""
    inside: list[str] = []

    def placeholder(found: re.Match[str]) -> str:
        inside.extend(command for command in found.groups()[1:] if command)
        return "_" if found[1] is None else "0"

    for _ in range(MAX_NESTING):  # the innermost first
        line, count = _SUBSTITUTION.subn(placeholder, line)
        if not count:
            break
    return line, inside


def _without_redirections(text: str) -> tuple[str, bool]:
    """The text without comments, output redirections and placeholders; whether it writes."""
    writes = False

    def replacement(found: re.Match[str]) -> str:
        nonlocal writes
        writes = writes or found["writes"] is not None
        if found["quoted"] is not None:
            # `find` knows two ends of what it executes, and only one of them separates.
            return " + " if found[0] in ("\\;", "';'", '";"') else found[0]
        return "_" if found["placeholder"] else " "

    return _SYNTAX.sub(replacement, text), writes


def _commands(text: str) -> list[list[str]]:
    """The simple commands of a line, as words."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # an unclosed quote
        words = re.findall(r"[^\s;|&()'\"]+|[;|&()\n]+", text)
    commands: list[list[str]] = [[]]
    for word in words:
        if word in _SEPARATORS or (word and _PUNCTUATION.issuperset(word)):
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def _keywords(command: Sequence[str]) -> Iterator[str]:
    """The keywords of the shell that a command begins with."""
    return takewhile(lambda word: word in KEYWORDS | COMPOUND_OPENERS | _COMPOUND_CLOSERS, command)
