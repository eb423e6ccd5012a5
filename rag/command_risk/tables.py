"""The tables of programs and SQL words that commands are classified by, as values.

`tables.toml` is the file that ships and `table_file.py` reads it; a team may have a second one. Its
comments say what each field means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rag.domain.documents import Risk

Words = frozenset[str]
# Subcommands, each as its words: `rollout status` is ("rollout", "status").
Subcommands = frozenset[tuple[str, ...]]
_NONE: Words = frozenset()


class RunsCommands(StrEnum):
    """Where `exec`, `run` and `debug` expect the command that they start in a container."""

    NEVER = "never"
    BEHIND_TARGET = "behind_target"
    BEHIND_DASHES = "behind_dashes"


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that only reads, but for some options or number of operands (0: any number)."""

    mutating_options: Words = _NONE
    destructive_options: Words = _NONE
    mutating_operands: int = 0


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program that starts the command behind it."""

    options_with_value: Words = _NONE
    operands: int = 0
    alone: Risk = Risk.UNKNOWN
    takes_command_line: bool = False
    read_only_options: Words = _NONE
    mutating_options: Words = _NONE


@dataclass(frozen=True, slots=True)
class Tool:
    """A program with subcommands; `unlisted` is the risk of those in none of the three sets."""

    read_only: Subcommands = frozenset()
    mutating: Subcommands = frozenset()
    destructive: Subcommands = frozenset()
    options_with_value: Words = _NONE
    switches: Words = _NONE
    mutating_options: Words = _NONE
    destructive_options: Words = _NONE
    forcing_options: Words = _NONE
    read_only_alone: Words = _NONE
    mutating_alone: Words = _NONE
    dry_run: bool = False
    runs_commands: RunsCommands = RunsCommands.NEVER
    unlisted: Risk = Risk.MUTATING
    groups: Subcommands = frozenset()


@dataclass(frozen=True, slots=True)
class ProgramTable:
    """Programs, each in one of the mappings; `functions` are those of SQL.

    An alias names another program of this table or of the one that ships.
    """

    plain: Mapping[str, Risk] = field(default_factory=dict)
    readers: Mapping[str, Reader] = field(default_factory=dict)
    wrappers: Mapping[str, Wrapper] = field(default_factory=dict)
    tools: Mapping[str, Tool] = field(default_factory=dict)
    clouds: Words = _NONE
    sql_programs: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, Risk] = field(default_factory=dict)

    def holds(self, name: str) -> bool:
        """Whether `name` is a program of this table."""
        return any(
            name in kind
            for kind in (
                self.plain,
                self.readers,
                self.wrappers,
                self.tools,
                self.clouds,
                self.sql_programs,
                self.aliases,
            )
        )


@dataclass(frozen=True, slots=True)
class CloudVerbs:
    """Verbs of cloud command lines."""

    read_only: Words
    read_only_prefixes: Words
    mutating: Words
    destructive: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SqlWords:
    """Words of SQL statements, parts of functions' names, and options of programs for SQL."""

    destructive_words: Words
    mutating_words: Words
    read_only_first: Words
    mutating_first: Words
    destructive_first: Words
    read_only_console: Words
    mutating_parts: Words
    destructive_parts: Words
    read_only_beginnings: tuple[str, ...]
    statement_options: Words
    options_with_value: Words
    read_only_options: Words


@dataclass(frozen=True, slots=True)
class CommandTables:
    """All that commands are classified by: the programs that ship, and a team's own."""

    shipped: ProgramTable
    team: ProgramTable
    cloud_verbs: CloudVerbs
    sql: SqlWords
