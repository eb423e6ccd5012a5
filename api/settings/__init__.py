"""Settings, read in one place: runbook.toml, then RUNBOOK_ environment variables over it."""

from api.settings.doors import ServerSettings
from api.settings.index import DEFAULT_MODEL, ChunkingSettings, SourceSettings, VectorSettings
from api.settings.reading import CONFIG_NAME, load_settings
from api.settings.search import SearchSection
from api.settings.whole import Settings

__all__ = [
    "CONFIG_NAME",
    "DEFAULT_MODEL",
    "ChunkingSettings",
    "SearchSection",
    "ServerSettings",
    "Settings",
    "SourceSettings",
    "VectorSettings",
    "load_settings",
]
