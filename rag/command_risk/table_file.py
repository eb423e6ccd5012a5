"""Reads tables of commands from TOML: the file that ships, and a team's own."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from rag.command_risk.table_form import SHIPPED_FORM, TEAM_FORM, Form, check_form, error_at
from rag.command_risk.tables import (
    CloudVerbs,
    CommandTables,
    ProgramTable,
    Reader,
    RunsCommands,
    SqlWords,
    Tool,
    Wrapper,
)
from rag.domain.documents import Risk
from rag.errors import ConfigurationError

_SHIPPED = "tables.toml"
_RISKS = (Risk.READ_ONLY, Risk.MUTATING, Risk.DESTRUCTIVE)
# Switches that most programs with subcommands have.
_COMMON_SWITCHES = frozenset({"--debug", "--verbose", "--quiet"})
_SUBCOMMAND_SETS = ("read_only", "mutating", "destructive")


@cache
def shipped_tables() -> CommandTables:
    """The tables that ship with the project."""
    content = _read(_shipped_text(), _SHIPPED, SHIPPED_FORM)
    clouds, sql = content["clouds"], content["sql"]
    functions = sql["functions"]
    return CommandTables(
        shipped=_programs(content),
        team=ProgramTable(),
        cloud_verbs=CloudVerbs(
            read_only=frozenset(clouds["read_only"]),
            read_only_prefixes=frozenset(clouds["read_only_prefixes"]),
            mutating=frozenset(clouds["mutating"]),
            destructive=tuple(clouds["destructive"]),
        ),
        sql=SqlWords(
            **{key: frozenset(words) for key, words in sql["statements"].items()},
            **{key: frozenset(words) for key, words in sql["options"].items()},
            mutating_parts=frozenset(functions["mutating_parts"]),
            destructive_parts=frozenset(functions["destructive_parts"]),
            read_only_beginnings=tuple(functions["read_only_beginnings"]),
        ),
    )


def with_team_table(tables: CommandTables, text: str, name: str) -> CommandTables:
    """These tables with a team's, read from the text of the file `name`.

    Raises ConfigurationError, naming the file, the line and the key.
    """
    content = _read(text, name, TEAM_FORM)
    _refuse_repeated(content, text, name)
    team = _programs(content)
    for alias, program in team.aliases.items():
        known = team.holds(program) or tables.shipped.holds(program)
        if program in team.aliases or not known:
            wrong = f"= {program!r} must name a program of a table, and no other alias"
            raise error_at(text, name, ("aliases", alias), wrong)
    return replace(tables, team=team)


def fingerprint(team: str = "") -> str:
    """Identifies what commands are classified by: the text of both files without comments."""
    significant = "\0".join("\n".join(_significant(text)) for text in (_shipped_text(), team))
    return hashlib.sha256(significant.encode()).hexdigest()


def _shipped_text() -> str:
    return resources.files("rag.command_risk").joinpath(_SHIPPED).read_text(encoding="utf-8")


def _significant(text: str) -> Iterator[str]:
    return (line for line in map(str.strip, text.splitlines()) if line and line[0] != "#")


def _read(text: str, name: str, form: Form) -> dict[str, Any]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: not valid TOML: {error}") from error
    check_form(content, form, text, name)
    return content


def _programs(content: Mapping[str, Any]) -> ProgramTable:
    sql = content.get("sql", {})
    return ProgramTable(
        plain=_by_risk(content.get("programs", {})),
        readers={
            name: Reader(**_with_sets(keys)) for name, keys in content.get("readers", {}).items()
        },
        wrappers={name: _wrapper(keys) for name, keys in content.get("wrappers", {}).items()},
        tools={name: _tool(keys) for name, keys in content.get("tools", {}).items()},
        clouds=frozenset(content.get("clouds", {}).get("programs", ())),
        sql_programs={
            name: keys.get("statement_letter", "") for name, keys in sql.get("programs", {}).items()
        },
        aliases=content.get("aliases", {}),
        functions=_by_risk(sql.get("functions", {})),
    )


def _by_risk(section: Mapping[str, Sequence[str]]) -> dict[str, Risk]:
    """Words with their risk; one that is listed twice has the most dangerous."""
    return {word: risk for risk in _RISKS for word in section.get(risk.value, ())}


def _with_sets(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: frozenset(value) if isinstance(value, list) else value for key, value in keys.items()
    }


def _wrapper(keys: Mapping[str, Any]) -> Wrapper:
    return Wrapper(**{**_with_sets(keys), "alone": Risk(keys.get("alone", Risk.UNKNOWN))})


def _tool(keys: Mapping[str, Any]) -> Tool:
    sets = {key: frozenset(_expanded(keys.get(key, ()))) for key in _SUBCOMMAND_SETS}
    groups = {
        path[:length] for paths in sets.values() for path in paths for length in range(1, len(path))
    }
    given = {**_with_sets(keys), **sets}
    return Tool(
        **{
            **given,
            "switches": given.get("switches", frozenset()) | _COMMON_SWITCHES,
            "runs_commands": RunsCommands(keys.get("runs_commands", RunsCommands.NEVER)),
            "groups": frozenset(groups),
        }
    )


def _expanded(entries: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The subcommands of entries such as `pool|node list|show`."""
    for entry in entries:
        yield from product(*(word.split("|") for word in entry.split()))


def _refuse_repeated(content: Mapping[str, Any], text: str, name: str) -> None:
    """A program may be listed once in a file: otherwise it is not clear which entry counts."""
    seen: dict[str, tuple[str, ...]] = {}
    for path, program in _places(content):
        if program in seen:
            wrong = f"names {program!r}, which is in {'.'.join(seen[program])} too: remove one"
            raise error_at(text, name, path, wrong)
        seen[program] = path


def _places(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for risk, programs in content.get("programs", {}).items():
        yield from ((("programs", risk), program) for program in programs)
    for kind in ("readers", "wrappers", "tools", "aliases"):
        yield from (((kind, program), program) for program in content.get(kind, {}))
    yield from (
        (("clouds", "programs"), one) for one in content.get("clouds", {}).get("programs", ())
    )
    sql = content.get("sql", {}).get("programs", {})
    yield from ((("sql", "programs", program), program) for program in sql)
