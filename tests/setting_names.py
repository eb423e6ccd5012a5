"""Whether an environment variable names a setting, by the settings' models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from api.settings import Settings
from api.settings.secret_files import file_variables

PREFIX = "RUNBOOK_"
# Where the configuration file is: read by the command line, before there are settings.
_CONFIG = "RUNBOOK_CONFIG"


def is_setting(variable: str) -> bool:
    """Whether `RUNBOOK_SECTION__KEY` sets a key of the settings; RUNBOOK_CONFIG counts as well."""
    if variable == _CONFIG or variable in file_variables(Settings):
        return True
    if not variable.startswith(PREFIX):
        return False
    return _names(Settings, variable.removeprefix(PREFIX).lower().split("__"))


def _names(model: type[BaseModel], path: list[str]) -> bool:
    first, *rest = path
    field = model.model_fields.get(first)
    if field is None:
        return False
    if not rest:
        return True
    return any(_leads_to(found, rest) for found in _types_in(field.annotation))


def _leads_to(found: Any, path: list[str]) -> bool:
    """A key of a nested section, or any key of a table such as `telemetry.otlp_headers`."""
    if isinstance(found, type) and issubclass(found, BaseModel):
        return _names(found, path)
    return found is dict


def _types_in(annotation: Any) -> Iterator[Any]:
    """The annotation itself, or the members of a union; `dict` for a table."""
    origin, arguments = getattr(annotation, "__origin__", None), get_args(annotation)
    if origin is dict:
        yield dict
    elif origin is None and arguments:  # X | None
        for argument in arguments:
            yield from _types_in(argument)
    elif origin is None:
        yield annotation
