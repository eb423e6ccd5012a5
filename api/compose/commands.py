"""The tables that commands are classified by: those that ship, and the team's own file."""

from __future__ import annotations

from api.settings import Settings
from rag.command_risk.classify import CommandClassifier, make_classifier
from rag.errors import ConfigurationError

_MAX_BYTES = 1024 * 1024


def configured_classifier(settings: Settings) -> CommandClassifier:
    """Raises ConfigurationError, naming the file, the line and the key."""
    return make_classifier(team_commands(settings), str(settings.commands.tables))


def checked_team_commands(settings: Settings) -> str:
    """The text of the team's table, once it is known to be well formed."""
    configured_classifier(settings)
    return team_commands(settings)


def team_commands(settings: Settings) -> str:
    """The text of the team's table, "" without one. Raises ConfigurationError."""
    if settings.commands.tables is None:
        return ""
    path = settings.directory / settings.commands.tables
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ConfigurationError(f"{path}: longer than {_MAX_BYTES} bytes: shorten it")
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error}; correct commands.tables"
        ) from error
