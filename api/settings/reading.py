"""Reading the settings: runbook.toml, then RUNBOOK_ environment variables over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from api.settings.whole import Settings
from rag.access.groups import GroupHierarchy
from rag.errors import ConfigurationError

CONFIG_NAME = "runbook.toml"
# Settings that are read from the environment alone.
_KEYS = (("ask", "api_key"), ("evals", "judge_api_key"))


def load_settings(config: Path | None = None) -> Settings:
    """Settings from `config`, else from runbook.toml here if there is one, else the defaults.

    Raises ConfigurationError, naming the file and the key.
    """
    path = config or Path.cwd() / CONFIG_NAME
    values: dict[str, Any] = {}
    if config is not None or path.exists():
        values = {**_read_toml(path), "read_from": path.resolve()}
        _refuse_keys(path, values)
    try:
        settings = Settings(**{**values, "directory": path.resolve().parent})
    except ValidationError as error:
        raise ConfigurationError(_explain(path, error)) from error
    _check_names(path, settings)
    _check_groups(path, settings)
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); `runbook init` writes one"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error


def _explain(path: Path, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{path}: {where}: {first['msg']}"


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
