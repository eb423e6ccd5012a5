"""Secrets from files: NAME_FILE names the file that holds the value of the variable NAME.

Container engines mount secrets as files, which `docker inspect`, `/proc/PID/environ` and the
environment of child processes do not show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel
from pydantic_settings import EnvSettingsSource

from api.settings.explaining import secret_variables
from rag.errors import ConfigurationError

SUFFIX = "_FILE"


def secret_value(name: str, environment: Mapping[str, str]) -> str | None:
    """A variable's value, or the text of its file without the line break at the end.

    None without either. Raises ConfigurationError for both, and for a file that is empty or
    cannot be read; no message repeats the value.
    """
    value, path = environment.get(name), environment.get(name + SUFFIX)
    if not path:
        return value or None
    if value:
        raise ConfigurationError(
            f"the environment variables {name} and {name}{SUFFIX} are both set: unset one of them"
        )
    where = f"the environment variable {name}{SUFFIX}: {path}"
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(f"{where}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{where}: not UTF-8") from error
    if not text:
        raise ConfigurationError(f"{where}: the file is empty")
    return text


def file_variables(model: type[BaseModel]) -> Iterator[str]:
    """The variables that name a file with the secret of a setting below `model`."""
    for name in secret_variables(model):
        yield name + SUFFIX


class Environment(EnvSettingsSource):
    """The environment, with the secrets that files hold in place of the variables naming these."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        given = dict(super()._load_env_vars())  # in lower case
        texts = {name.upper(): value for name, value in given.items() if value}
        for name in secret_variables(self.settings_cls):
            if given.pop((name + SUFFIX).lower(), None):
                given[name.lower()] = secret_value(name, texts)
        return given
