"""What a command on this machine works with: the catalog, its lock, and an administrator."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from api.settings import Settings
from rag.domain.access import Principal

if TYPE_CHECKING:
    from rag.adapters.catalog.catalog import Catalog
    from rag.adapters.index_lock import IndexLock

# Whoever runs the command line on the machine can read the files and the catalog anyway.
LOCAL_ADMINISTRATOR = Principal("local", administrator=True)


def catalog_path(settings: Settings) -> Path:
    """The catalog's database file."""
    return settings.state_folder / "catalog.db"


def index_lock(settings: Settings) -> IndexLock:
    """The lock of whichever process writes to the index, not yet taken."""
    from rag.adapters.index_lock import IndexLock

    return IndexLock(settings.state_folder)


def open_catalog(settings: Settings) -> closing[Catalog]:
    """The catalog, created if it does not exist; any number of processes may have it open."""
    from rag.adapters.catalog.catalog import Catalog  # loads SQLAlchemy, which is slow

    return closing(Catalog.open(catalog_path(settings)))
