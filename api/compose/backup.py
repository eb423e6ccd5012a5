"""Backup and restore of the installation that the settings describe."""

from __future__ import annotations

from pathlib import Path

from api.compose.upkeep import open_keeper
from api.settings import CONFIG_NAME, Settings
from rag.adapters.catalog import backup
from rag.adapters.catalog.backup import Installation, Manifest
from rag.errors import IndexMissing

# Which prompt is in use is the one choice that the state folder keeps outside the catalog.
_KEPT = ("prompts.json",)


def back_up(settings: Settings, target: Path) -> Manifest:
    """Write the catalog, the prompts in use and the configuration to `target`.

    Raises ConfigurationError when `target` exists or there is nothing to back up, StoreError.
    """
    return backup.back_up(_installation(settings), target, _KEPT)


def restore(settings: Settings, source: Path, *, force: bool) -> tuple[Manifest, int | None]:
    """Restore a backup and build its vectors; gives the number of chunks, None without an index.

    Raises IndexBusy, ConfigurationError and StoreError.
    """
    manifest = backup.restore(_installation(settings), source, force=force)
    try:
        with open_keeper(settings) as keeper:
            return manifest, keeper.repair().chunks
    except IndexMissing:
        return manifest, None


def _installation(settings: Settings) -> Installation:
    configuration = settings.read_from or settings.directory / CONFIG_NAME
    return Installation(settings.state_folder, configuration)
