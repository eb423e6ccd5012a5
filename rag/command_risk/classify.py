"""What a shell command would do: read, change, destroy, or nobody knows.

A chain is as risky as its riskiest part, and a program that is in no table is unknown, never
read-only: where rules disagree, the more dangerous one counts.

A team's table is read together with the one that ships. For a program that our rules know, the
result is the more dangerous of both. For any other program the team's rule counts, together with
what our rules find around it and in it: a redirection, a command that it starts, an option such as
`--delete`, SQL that deletes. So a team's table makes commands known or more dangerous.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from rag.command_risk.clouds import find_in_aws, find_in_cloud
from rag.command_risk.findings import Finding, IfDestructive, worst
from rag.command_risk.options import has
from rag.command_risk.programs import RULES, find_in_kafka
from rag.command_risk.shell import (
    ASSIGNMENT,
    BUILTINS,
    INPUT_REDIRECTIONS,
    KEYWORDS,
    MAX_NESTING,
    split_line,
)
from rag.command_risk.sql import SqlClassifier
from rag.command_risk.sql_programs import reads_file, statements_in
from rag.command_risk.subcommands import find_in_tool, first_words
from rag.command_risk.table_file import shipped_tables, with_team_table
from rag.command_risk.tables import CommandTables, ProgramTable, Reader, RunsCommands, Tool
from rag.command_risk.words import program_name
from rag.command_risk.wrappers import find_in_wrapper
from rag.domain.documents import Risk

# A command of more parts than this, or nested more deeply than MAX_NESTING, at best changes
# something.
_MAX_STEPS = 2000
_NOT_PROGRAMS = BUILTINS | {"for", "case", "esac"}
_DESTRUCTIVE_OPTION = re.compile(r"--?(?:delete|destroy|prune|purge|wipe)(?:-[\w-]*)?")
_DELETING_SQL = re.compile(r"\b(?:delete\s+from|drop\s+\w|truncate\s+\w)", re.IGNORECASE)


class CommandClassifier:
    """Classifies commands and SQL by one set of tables."""

    def __init__(self, tables: CommandTables) -> None:
        self._shipped = tables.shipped
        self._team = tables.team
        self._raising = _raising(tables)
        self._cloud_verbs = tables.cloud_verbs
        self._sql_words = tables.sql
        self._sql_letters = {**tables.team.sql_programs, **tables.shipped.sql_programs}
        self._sql = SqlClassifier(tables)

    def classify(self, command: str) -> Risk:
        """The risk of a command line as a runbook prints it; never raises."""
        risks: list[Risk] = []
        pending: list[tuple[Finding, bool]] = [(command, False)]
        lines = steps = 0
        while pending:
            finding, if_destructive = pending.pop()
            steps += 1
            if lines > MAX_NESTING or steps > _MAX_STEPS:
                return worst([*risks, Risk.MUTATING])
            if isinstance(finding, Risk):
                if not if_destructive or finding is Risk.DESTRUCTIVE:
                    risks.append(finding)
            elif isinstance(finding, IfDestructive):
                pending.append((finding.words, True))
            elif isinstance(finding, str):
                lines += 1
                pending += [(part, if_destructive) for part in self._line(finding)]
            elif isinstance(finding, tuple):
                pending += [(part, if_destructive) for part in finding]
            else:
                pending.append((self._simple_command(finding), if_destructive))
        return worst(risks)

    def classify_sql(self, statements: str) -> Risk:
        """The risk of SQL statements; never raises."""
        return self._sql.classify(statements)

    def is_known_program(self, word: str) -> bool:
        """Whether a table or a rule knows what a word does as a program."""
        name = program_name(word)
        return self._is_ours(name) or self._team.holds(name)

    def _is_ours(self, name: str) -> bool:
        by_rule = name in RULES or name == "aws" or name.startswith(("kafka-", "mkfs."))
        return by_rule or self._shipped.holds(name)

    def _line(self, line: str) -> list[Finding]:
        split = split_line(line)
        found: list[Finding] = [*split.substituted, *split.commands]
        if split.writes:
            found.append(Risk.MUTATING)
        if split.incomplete:
            found.append(Risk.UNKNOWN)
        if any(map(self._takes_sql_input, split.commands)):
            found.append(self._sql.classify_input(line))
        return found

    def _simple_command(self, words: Sequence[str]) -> Finding:
        rest = list(words)
        while rest and (
            rest[0] in KEYWORDS or rest[0] in INPUT_REDIRECTIONS or ASSIGNMENT.fullmatch(rest[0])
        ):
            rest = rest[2 if rest[0] in INPUT_REDIRECTIONS else 1 :]
        if not rest:
            return Risk.READ_ONLY
        name, arguments = program_name(rest[0]), rest[1:]
        if rest[0] in _NOT_PROGRAMS:
            ours: Finding = Risk.READ_ONLY
        elif self._is_ours(name):
            ours = self._our_program(name, arguments)
        else:
            return self._other_program(name, arguments)
        if not self._raising.holds(name):
            return ours
        return (ours, self._by_table(self._raising, name, arguments))

    def _our_program(self, name: str, arguments: list[str]) -> Finding:
        if name in RULES:
            return RULES[name](arguments)
        if name == "aws":
            return find_in_aws(self._cloud_verbs, arguments)
        if name.startswith("kafka-"):
            return find_in_kafka(name, arguments)
        if name.startswith("mkfs."):
            return Risk.DESTRUCTIVE
        return self._by_table(self._shipped, name, arguments)

    def _other_program(self, name: str, arguments: list[str]) -> Finding:
        """A program that our rules do not know: a team's, or unknown.

        It may come before another program, as in `kx bin/kafka-topics.sh --delete`.
        """
        starts = bool(arguments) and self.is_known_program(arguments[0])
        if not self._team.holds(name):
            return (Risk.UNKNOWN, arguments) if starts else Risk.UNKNOWN
        found: list[Finding] = [self._by_table(self._team, name, arguments)]
        if starts:
            is_subcommand = arguments[0] in first_words(self._team.tools.get(name))
            found.append(IfDestructive(arguments) if is_subcommand else arguments)
        if name not in self._team.aliases and _looks_destructive(arguments):
            found.append(Risk.DESTRUCTIVE)
        return tuple(found)

    def _by_table(self, table: ProgramTable, name: str, arguments: list[str]) -> Finding:
        if name in table.aliases:
            return [table.aliases[name], *arguments]
        if name in table.wrappers:
            return find_in_wrapper(table.wrappers[name], arguments)
        if name in table.clouds:
            return find_in_cloud(self._cloud_verbs, arguments)
        if name in table.sql_programs:
            return self._sql_program(table.sql_programs[name], arguments)
        if name in table.tools:
            return find_in_tool(table.tools[name], arguments)
        if name in table.readers:
            return _find_in_reader(table.readers[name], arguments)
        return table.plain.get(name, Risk.UNKNOWN)

    def _sql_program(self, letter: str, arguments: list[str]) -> Risk:
        statements = list(statements_in(self._sql_words, letter, arguments))
        risks = [self._sql.classify(statement) for statement in statements]
        if reads_file(arguments):
            return worst([Risk.MUTATING, *risks])
        if not statements:
            looks = self._sql_words.read_only_options & set(arguments)
            return Risk.READ_ONLY if looks else Risk.UNKNOWN
        return worst(risks)

    def _takes_sql_input(self, command: Sequence[str]) -> bool:
        """Whether a program for SQL is started without a statement: it reads its input."""
        for position, word in enumerate(command):
            letter = self._sql_letters.get(program_name(word))
            if letter is not None:
                behind = command[position + 1 :]
                looks = self._sql_words.read_only_options & set(behind)
                return not (looks or any(statements_in(self._sql_words, letter, behind)))
        return False


@cache
def shipped_classifier() -> CommandClassifier:
    """A classifier by the tables that ship, without a team's."""
    return CommandClassifier(shipped_tables())


def make_classifier(team: str, name: str = "the team's table of commands") -> CommandClassifier:
    """A classifier by the tables that ship and the text of a team's file `name`; "" for none.

    Raises ConfigurationError, naming the file, the line and the key.
    """
    if not team:
        return shipped_classifier()
    return CommandClassifier(with_team_table(shipped_tables(), team, name))


def _raising(tables: CommandTables) -> ProgramTable:
    """A team's table for programs that ship: it says nothing of what it does not list."""
    return replace(
        tables.team,
        tools={
            name: _over(tool, tables.shipped.tools.get(name, Tool()))
            for name, tool in tables.team.tools.items()
        },
    )


def _over(theirs: Tool, ours: Tool) -> Tool:
    return replace(
        theirs,
        options_with_value=theirs.options_with_value | ours.options_with_value,
        switches=theirs.switches | ours.switches,
        groups=theirs.groups | ours.groups,
        runs_commands=RunsCommands.NEVER,
        unlisted=Risk.READ_ONLY,
    )


def _find_in_reader(reader: Reader, arguments: list[str]) -> Risk:
    if has(arguments, reader.destructive_options):
        return Risk.DESTRUCTIVE
    operands = sum(not word.startswith("-") for word in arguments)
    many = 0 < reader.mutating_operands <= operands
    return Risk.MUTATING if many or has(arguments, reader.mutating_options) else Risk.READ_ONLY


def _looks_destructive(arguments: Sequence[str]) -> bool:
    """Whether an option or a statement of SQL deletes, whatever the program."""
    return any(
        _DESTRUCTIVE_OPTION.fullmatch(word.partition("=")[0]) and not word.endswith("=false")
        for word in arguments
    ) or any(map(_DELETING_SQL.search, arguments))
