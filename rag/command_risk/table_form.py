"""The form of a file of command tables: which keys it may have, and what their values must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from rag.command_risk.tables import RunsCommands
from rag.domain.documents import Risk
from rag.errors import ConfigurationError

# What a key's value must be: a section with keys of its own, or a check that returns what is wrong.
Check = Callable[[Any], str]
Form = Mapping[str, "Form | Check"]
# In a section whose keys are names of programs, the form of each.
ANY_PROGRAM = "*"

_HELP = "docs/commands.md describes the file"
_PROGRAM = re.compile(r"[A-Za-z0-9_][\w.+-]{0,63}", re.ASCII)
_HEADER = re.compile(r"\s*\[\s*([^\[\]\n]{1,200})\]")
_KEY = re.compile(r"\s*([\w.\"'-]{1,100})\s*=")
_MAX_COUNT = 8
# Limits of one entry of subcommands, such as `pool|node list|show`.
_MAX_SUBCOMMAND_WORDS = 4
_MAX_ALTERNATIVES = 500


def _words(value: Any) -> str:
    good = isinstance(value, list) and all(isinstance(word, str) and word for word in value)
    if good and not any(re.search(r"\s", word) for word in value):
        return ""
    return 'must be a list of single words, such as ["status", "list"]'


def _subcommands(value: Any) -> str:
    if isinstance(value, list) and all(map(_is_subcommand_entry, value)):
        return ""
    return 'must be a list of subcommands of up to 4 words, such as ["status", "pool list|show"]'


def _is_subcommand_entry(entry: Any) -> bool:
    if not isinstance(entry, str):
        return False
    alternatives = [word.split("|") for word in entry.split()]
    good = 0 < len(alternatives) <= _MAX_SUBCOMMAND_WORDS and all(map(all, alternatives))
    return good and prod(map(len, alternatives)) <= _MAX_ALTERNATIVES


def _options(value: Any) -> str:
    good = isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if good and all(len(entry.split()) in (1, 2) for entry in value):
        return ""
    return 'must be a list of options, such as ["--force", "down -v"]'


def _programs(value: Any) -> str:
    if isinstance(value, list) and all(map(_is_program, value)):
        return ""
    return 'must be a list of programs by their names alone, such as ["lbctl", "fleet"]'


def _program(value: Any) -> str:
    return "" if _is_program(value) else "must be the name of a program in quotes"


def _is_program(value: Any) -> bool:
    return isinstance(value, str) and _PROGRAM.fullmatch(value) is not None


def _count(value: Any) -> str:
    good = type(value) is int and 0 <= value <= _MAX_COUNT
    return "" if good else f"must be a number from 0 to {_MAX_COUNT}"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _letter(value: Any) -> str:
    good = isinstance(value, str) and re.fullmatch(r"[A-Za-z]?", value) is not None
    return "" if good else 'must be the letter of an option, such as "c" for -c, or ""'


def _one_of(*choices: str) -> Check:
    def check(value: Any) -> str:
        return "" if value in choices else f"must be one of {', '.join(map(repr, choices))}"

    return check


_BY_RISK: Form = {"read_only": _words, "mutating": _words, "destructive": _words}
TEAM_FORM: Form = {
    "programs": {"read_only": _programs, "mutating": _programs, "destructive": _programs},
    "readers": {
        ANY_PROGRAM: {
            "mutating_options": _words,
            "destructive_options": _words,
            "mutating_operands": _count,
        }
    },
    "wrappers": {
        ANY_PROGRAM: {
            "options_with_value": _words,
            "operands": _count,
            "alone": _one_of(*Risk),
            "takes_command_line": _flag,
            "read_only_options": _words,
            "mutating_options": _words,
        }
    },
    "tools": {
        ANY_PROGRAM: {
            "read_only": _subcommands,
            "mutating": _subcommands,
            "destructive": _subcommands,
            "options_with_value": _words,
            "switches": _words,
            "mutating_options": _words,
            "destructive_options": _words,
            "forcing_options": _options,
            "read_only_alone": _words,
            "mutating_alone": _words,
            "dry_run": _flag,
            "runs_commands": _one_of(*RunsCommands),
        }
    },
    "aliases": {ANY_PROGRAM: _program},
    "clouds": {"programs": _programs},
    "sql": {"programs": {ANY_PROGRAM: {"statement_letter": _letter}}, "functions": _BY_RISK},
}
_SQL_WORDS: Form = {
    "destructive_words": _words,
    "mutating_words": _words,
    "read_only_first": _words,
    "mutating_first": _words,
    "destructive_first": _words,
    "read_only_console": _words,
}
_FUNCTION_PARTS: Form = {
    "mutating_parts": _words,
    "destructive_parts": _words,
    "read_only_beginnings": _words,
}
_SQL_OPTIONS: Form = {
    "statement_options": _words,
    "options_with_value": _words,
    "read_only_options": _words,
}
# What ships also holds the words of SQL and of cloud verbs, which count for every program.
SHIPPED_FORM: Form = {
    **TEAM_FORM,
    "clouds": {
        "programs": _programs,
        "read_only": _words,
        "read_only_prefixes": _words,
        "mutating": _words,
        "destructive": _words,
    },
    "sql": {
        "programs": {ANY_PROGRAM: {"statement_letter": _letter}},
        "functions": {**_BY_RISK, **_FUNCTION_PARTS},
        "statements": _SQL_WORDS,
        "options": _SQL_OPTIONS,
    },
}


def check_form(content: Mapping[str, Any], form: Form, text: str, name: str) -> None:
    """Raises ConfigurationError with the file, line and key of the first value that is wrong."""
    _check_section(content, form, (), _Place(text, name))


class _Place:
    """Finds the line of a key in a file."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.splitlines()
        self._name = name

    def error(self, path: tuple[str, ...], wrong: str) -> ConfigurationError:
        line = self._line(path)
        where = self._name if line is None else f"{self._name}:{line}"
        return ConfigurationError(f"{where}: {'.'.join(path)} {wrong}; {_HELP}")

    def _line(self, path: tuple[str, ...]) -> int | None:
        """The line of a key, else of the nearest section around it."""
        section: tuple[str, ...] = ()
        nearest: tuple[int, int] | None = None
        for number, line in enumerate(self._lines, start=1):
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                section = _parts(header[1])
            here = section if header else (*section, *_parts(key[1])) if key else None
            if here and here == path[: len(here)] and (nearest is None or len(here) > nearest[0]):
                nearest = len(here), number
        return None if nearest is None else nearest[1]


def error_at(text: str, name: str, path: tuple[str, ...], wrong: str) -> ConfigurationError:
    """An error about the key at `path` of the file `name`, with the way to correct it."""
    return _Place(text, name).error(path, wrong)


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in key.split("."))


def _check_section(content: Any, form: Form, path: tuple[str, ...], place: _Place) -> None:
    if not isinstance(content, Mapping):
        raise place.error(path, "must be a section of its own")
    for key, value in content.items():
        inside = (*path, key)
        wanted = form.get(key) or form.get(ANY_PROGRAM)
        if wanted is None:
            raise place.error(inside, f"is not a key: use one of {', '.join(form)}")
        if ANY_PROGRAM in form and not _is_program(key):
            raise place.error(inside, "is not the name of a program")
        if isinstance(wanted, Mapping):
            _check_section(value, wanted, inside, place)
        elif wrong := wanted(value):
            raise place.error(inside, wrong)
