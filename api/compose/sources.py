"""The sources that the settings name: folders, git checkouts and other systems."""

from __future__ import annotations

from api.compose.incidents import NOTES_SOURCE, notes_folder
from api.compose.parts import secret_from_environment
from api.compose.sites import site_rules
from api.settings import Settings, SourceSettings
from ingest.sources.connectors.kinds import make_connector
from ingest.sources.git_source import GitCheckout
from ingest.sources.selection import without_nested
from ingest.sources.source import Source


def configured_sources(settings: Settings) -> list[Source]:
    """In the order of the settings; a folder of one inside another's is left to the inner one.

    Raises ConfigurationError.
    """
    named = [
        Source(
            source.name,
            settings.source_root(source),
            source.acl,
            site_rules(source),
            connector=make_connector(source.connector, source.options)
            if source.connector
            else None,
            checkout=_checkout(settings, source),
        )
        for source in settings.sources
    ]
    return without_nested([*named, *_notes(settings)])


def _notes(settings: Settings) -> list[Source]:
    """The notes of incidents, whose front matter says who may read each."""
    folder = notes_folder(settings)
    if folder is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    return [Source(NOTES_SOURCE, folder, None, None)]


def _checkout(settings: Settings, source: SourceSettings) -> GitCheckout | None:
    if source.git is None:
        return None
    return GitCheckout(
        source.git,
        source.branch,
        settings.git_folder(source),
        secret_from_environment(source.credentials_env, f"sources.{source.name}.credentials_env"),
        source.depth,
        settings.ingest.git_protocols,
    )
