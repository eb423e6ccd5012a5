"""Reading the settings: runbook.toml, then RUNBOOK_ environment variables over it."""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.settings.explaining import (
    PREFIX,
    blamed_variable,
    explain,
    explain_variable,
    variable_path,
    variables,
)
from api.settings.secret_files import file_variables
from api.settings.whole import Settings
from rag.access.groups import GroupHierarchy
from rag.errors import ConfigurationError
from rag.text.suggestions import did_you_mean, nearest

log = logging.getLogger(__name__)

CONFIG_NAME = "runbook.toml"
# Settings that are read from the environment alone.
_KEYS = (("ask", "api_key"), ("evals", "judge_api_key"))
# Variables that are no settings: of the command line, and of the examples for clients.
_OTHER_VARIABLES = frozenset({"RUNBOOK_CONFIG"})
# Kubernetes describes each service to every container: RUNBOOK_SERVER_SERVICE_HOST=10.0.0.1.
_OF_KUBERNETES = re.compile(r"_SERVICE_(?:HOST|PORT)|_PORT_\d{1,5}_(?:TCP|UDP|SCTP)")
_MIN_SIMILARITY = 0.8


def load_settings(config: Path | None = None) -> Settings:
    """Settings from `config`, else from runbook.toml here if there is one, else the defaults.

    Raises ConfigurationError, naming the file and the key.
    """
    path = config or Path.cwd() / CONFIG_NAME
    values: dict[str, Any] = {}
    text = ""
    if config is not None or path.exists():
        text = _read_text(path)
        values = {**_parse_toml(path, text), "read_from": path.resolve()}
        _refuse_keys(path, values)
    _refuse_unknown_variables()
    try:
        settings = Settings(**{**values, "directory": path.resolve().parent})
    except ValidationError as error:
        raise ConfigurationError(_explain(path, text, error)) from error
    except SettingsError as error:
        raise ConfigurationError(_explain_unparsed(error)) from error
    _check_names(path, settings)
    _check_groups(path, settings)
    _warn_of_misspelt_variables(settings)
    return settings


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); `runbook init` writes one"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8; save it as UTF-8") from error


def _parse_toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error


def _explain(path: Path, text: str, error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)
    # A misspelt key comes with "Field required" for the one that was meant.
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    location, kind, message = first["loc"], first["type"], first["msg"]
    if name := blamed_variable(location, os.environ):
        return explain_variable(name, Settings, location, kind, message)
    return explain(Settings, location, kind, message, text, str(path))


def _explain_unparsed(error: SettingsError) -> str:
    """A variable that should hold JSON and does not. The library names the field alone."""
    field = re.search(r'"(\w+)"', str(error))
    wanted = field[1].casefold() if field else ""
    names = [name for name in os.environ if variable_path(name)[:1] == (wanted,)]
    return (
        f"the environment variable {' or '.join(sorted(names)) or wanted}: not valid JSON; a table "
        "or a list in the environment is written as JSON, and a single key of a table with two "
        "underscores: RUNBOOK_SERVER__PORT=9000"
    )


def _refuse_unknown_variables() -> None:
    """A variable of two or more parts can only be meant for this program."""
    for name in os.environ:
        path = variable_path(name)
        if len(path) > 1 and path[0] not in Settings.model_fields:
            meant = did_you_mean(name, sorted((*variables(Settings), *file_variables(Settings))))
            raise ConfigurationError(f"the environment variable {name} is no setting{meant}")


def _warn_of_misspelt_variables(settings: Settings) -> None:
    """Others may have variables with our prefix: only one that is nearly ours is warned of."""
    ours = {*variables(Settings), *file_variables(Settings), *_OTHER_VARIABLES}
    known = {name.removeprefix(PREFIX): name for name in ours}
    for name, value in os.environ.items():
        path = variable_path(name)
        if len(path) != 1 or path[0] in Settings.model_fields or name.upper() in ours:
            continue
        if name in settings.named_variables or "://" in value or _OF_KUBERNETES.search(name):
            continue
        if near := nearest(name.upper().removeprefix(PREFIX), known, _MIN_SIMILARITY):
            log.warning(
                "the environment variable %s is no setting and was ignored; did you mean %s?",
                name,
                known[near],
            )


def _refuse_keys(path: Path, values: Mapping[str, Any]) -> None:
    for section, name in _KEYS:
        section_values = values.get(section)
        if isinstance(section_values, dict) and name in section_values:
            variable = f"RUNBOOK_{section}__{name}".upper()
            raise ConfigurationError(
                f"{path}: {section}.{name}: a key does not belong in a file; take it out, and "
                f"set {variable} in the environment"
            )


def _check_names(path: Path, settings: Settings) -> None:
    names = [source.name for source in settings.sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"{path}: sources: the name {twice[0]!r} is given twice")


def _check_groups(path: Path, settings: Settings) -> None:
    try:
        GroupHierarchy(settings.groups)
        GroupHierarchy({group: [] for group in settings.identity.rights})
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
