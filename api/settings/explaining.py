"""Mistakes in the settings, in words: where each was made, and what was probably meant."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from rag.text.suggestions import did_you_mean, nearest

PREFIX = "RUNBOOK_"
_DELIMITER = "__"
_TABLE = re.compile(r"^\s*+\[(\[?)([^\]]++)\]")
_KEY = re.compile(r"""[\w."' -]+""")
# What pydantic says of a value of another type, where the words of TOML say it better.
_TYPES = {
    "frozen_set_type": 'give a list, such as ["public"]',
    "tuple_type": "give a list, in brackets",
    "list_type": "give a list, in brackets",
    "dict_type": "give a table",
    "model_type": "give a table",
    "model_attributes_type": "give a table",
}
Location = tuple[str | int, ...]


def explain(
    model: type[BaseModel], location: Location, kind: str, message: str, text: str, file: str
) -> str:
    """One mistake in a file, whose `text` gives the line. `kind` is pydantic's name for it."""
    line = line_of(text, location)
    where = f"{file}:{line}" if line else file
    if kind == "extra_forbidden":
        return f"{where}: {_unknown_key(model, location)}"
    if location == ("sources",) and kind == "tuple_type":
        return f"{where}: sources: write [[sources]], in two brackets, before each source"
    said = _TYPES.get(kind, message)
    if not location:  # a conflict of several tables names its keys itself
        return f"{where}: {said}"
    return f"{where}: {'.'.join(str(part) for part in location)}: {said}"


def explain_variable(
    name: str, model: type[BaseModel], location: Location, kind: str, message: str
) -> str:
    """One mistake in an environment variable. Its value is not repeated: it may be a secret."""
    if kind != "extra_forbidden":
        said = f"{_TYPES[kind]}, written as JSON" if kind in _TYPES else message
        return f"the environment variable {name}: {said}"
    meant = did_you_mean(variable_name(location), sorted(variables(model)))
    return f"the environment variable {name} is no setting{meant}"


def blamed_variable(location: Location, environment: Mapping[str, str]) -> str | None:
    """The variable that gave the value at `location`; None where the file did."""
    wanted = tuple(str(part).casefold() for part in location)
    for name, value in environment.items():
        path = variable_path(name)
        if path and path == wanted[: len(path)] and _contains(value, wanted[len(path) :]):
            return name
    return None


def variable_path(name: str) -> tuple[str, ...]:
    """The keys that a variable leads to, in lower case; empty for a variable of others."""
    if not name.upper().startswith(PREFIX):
        return ()
    return tuple(name[len(PREFIX) :].casefold().split(_DELIMITER))


def variable_name(location: Location) -> str:
    """The variable of the setting at `location`."""
    return PREFIX + _DELIMITER.join(str(part) for part in location).upper()


def variables(model: type[BaseModel]) -> Iterator[str]:
    """The variable of every setting below `model`."""
    for location in _settings_below(model):
        yield variable_name(location)


def secret_variables(model: type[BaseModel]) -> Iterator[str]:
    """The variable of every setting below `model` that is a secret."""
    for location in _settings_below(model):
        table = model_at(model, location[:-1])
        if table is not None and _is_secret(table.model_fields[str(location[-1])].annotation):
            yield variable_name(location)


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or (
        get_origin(annotation) in (Union, types.UnionType) and SecretStr in get_args(annotation)
    )


def line_of(text: str, location: Location) -> int | None:
    """The line of a key of TOML, counted from 1, or of the table that it belongs to."""
    wanted = [str(part) for part in location if isinstance(part, str)]
    index = next((part for part in location if isinstance(part, int)), 0)
    table: list[str] = []
    seen = -1  # tables of the wanted array so far
    best: tuple[int, int] | None = None  # how many parts of the location, and the line
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            table = _parts(header[2])
            seen += bool(header[1]) and table == wanted[:1]
            here = table
        elif "=" in line and _KEY.fullmatch(key := line.partition("=")[0].strip()):
            here = [*table, *_parts(key)]
        else:
            continue
        in_array = seen < 0 or seen == index
        if here == wanted[: len(here)] and in_array and (best is None or len(here) > best[0]):
            best = len(here), number
    return best[1] if best else None


def _unknown_key(model: type[BaseModel], location: Location) -> str:
    key, above = str(location[-1]), location[:-1]
    table = model_at(model, above)
    known = sorted(table.model_fields) if table else []
    if not above:
        meant = nearest(key, known)
        return f"unknown table or key [{key}]" + (f"; did you mean [{meant}]?" if meant else "")
    shown = ".".join(str(part) for part in above if isinstance(part, str))
    brackets = f"[[{shown}]]" if isinstance(above[-1], int) else f"[{shown}]"
    meant = did_you_mean(key, known) or _in_other_table(model, key)
    return f'unknown key "{key}" in {brackets}{meant}'


def _in_other_table(model: type[BaseModel], key: str) -> str:
    tables = [location[:-1] for location in _settings_below(model) if location[-1] == key]
    if not tables or not tables[0]:
        return ""
    return f"; it belongs in [{'.'.join(map(str, tables[0]))}]"


def model_at(model: type[BaseModel], location: Sequence[str | int]) -> type[BaseModel] | None:
    """The class of the table at `location`, None where there is none."""
    found: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int):
            continue
        given = found.model_fields.get(part) if found else None
        found = _table_in(given.annotation) if given else None
    return found


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """The table that a type is, may be, or is a list of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple, list):
        return next(filter(None, map(_table_in, get_args(annotation))), None)
    return None


def _settings_below(model: type[BaseModel], above: Location = ()) -> Iterator[Location]:
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        table = _table_in(field.annotation)
        if table is None or get_origin(field.annotation) is tuple:
            yield (*above, name)
        else:
            yield from _settings_below(table, (*above, name))


def _contains(value: str, path: Sequence[str]) -> bool:
    """Whether a value, JSON where it is a table, holds a value at the path."""
    if not path:
        return True
    try:
        found = json.loads(value)
    except ValueError:
        return True
    for part in path:
        if isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict) and part in (folded := {k.casefold(): k for k in found}):
            found = found[folded[part]]
        else:
            return False
    return True


def _parts(dotted: str) -> list[str]:
    return [part.strip(" \"'") for part in dotted.split(".")]
