"""What a shell command would do: read, change, destroy, or nobody knows.

A chain is as risky as its riskiest part, and a program that is not in the tables is unknown,
never read-only: what is told of a command may be too dark, not too bright.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.command_risk.clouds import CLOUDS
from rag.command_risk.plain_programs import DESTROYERS, READERS, READERS_BUT, WRITERS, of_reader
from rag.command_risk.prefixes import PREFIXES, behind_prefix
from rag.command_risk.programs import SHELLS, SPECIAL, of_kafka
from rag.command_risk.shell import ASSIGNMENT, BUILTINS, MOST_LINES, OPENERS, of_line
from rag.command_risk.sql import classify_sql
from rag.command_risk.sql_programs import SQL_PROGRAMS, of_sql
from rag.command_risk.tools import VERBS
from rag.command_risk.verbs import of_verbs
from rag.command_risk.words import FED, Told, program_name, worst
from rag.domain.documents import Risk

__all__ = ["classify", "classify_sql", "is_known_program"]

# Beyond these, or beyond so many lines, a command at best changes something.
_MOST_STEPS = 2000


def classify(command: str) -> Risk:
    """The risk of a command line as a runbook prints it; never raises."""
    risks: list[Risk] = []
    todo: list[Told] = [command]
    lines = steps = 0
    while todo:
        told = todo.pop()
        steps += 1
        if lines > MOST_LINES or steps > _MOST_STEPS:
            return worst([*risks, Risk.MUTATING])
        if isinstance(told, Risk):
            risks.append(told)
        elif isinstance(told, str):
            lines += 1
            todo += of_line(told)
        elif isinstance(told, tuple):
            todo += told
        else:
            todo.append(_of_part(told))
    return worst(risks)


def is_known_program(word: str) -> bool:
    """Whether the tables know what a word does as a program."""
    name = program_name(word)
    return (
        name in VERBS
        or name in READERS | WRITERS | DESTROYERS | SQL_PROGRAMS | SHELLS | CLOUDS
        or name in READERS_BUT
        or name in PREFIXES
        or name in SPECIAL
        or name.startswith(("kafka-", "mkfs."))
    )


def _of_part(words: Sequence[str]) -> Told:
    """What is told of a simple command."""
    rest = list(words)
    while rest and (rest[0] in OPENERS or rest[0] in FED or ASSIGNMENT.fullmatch(rest[0])):
        rest = rest[2 if rest[0] in FED else 1 :]
    if not rest or rest[0] in BUILTINS or rest[0] in ("for", "case", "esac"):
        return Risk.READ_ONLY
    name, arguments = program_name(rest[0]), rest[1:]
    if name in PREFIXES:
        return behind_prefix(name, arguments)
    if name in SPECIAL:
        return SPECIAL[name](arguments)
    return _of_program(name, arguments)


def _of_program(name: str, arguments: list[str]) -> Told:
    if name in SQL_PROGRAMS:
        return of_sql(name, arguments)
    if name in VERBS:
        return of_verbs(name, arguments)
    if name in READERS_BUT:
        return of_reader(name, arguments)
    if name.startswith("kafka-"):
        return of_kafka(name, arguments)
    if name in DESTROYERS or name.startswith("mkfs"):
        return Risk.DESTRUCTIVE
    if name in WRITERS:
        return Risk.MUTATING
    if name in READERS:
        return Risk.READ_ONLY
    # A team's own word may stand before a program, such as `kx bin/kafka-topics.sh --delete`.
    runs = bool(arguments) and is_known_program(arguments[0])
    return (Risk.UNKNOWN, arguments) if runs else Risk.UNKNOWN
