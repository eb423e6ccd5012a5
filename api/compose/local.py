"""What whoever runs a command on this machine has: the catalog, and the right to all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.settings import Settings
from rag.domain.access import Principal

if TYPE_CHECKING:
    from rag.adapters.catalog.database import Database

# Whoever runs the command line on the machine can read the files and the catalog anyway.
LOCAL_ADMINISTRATOR = Principal("local", administrator=True)


@contextmanager
def open_catalog(settings: Settings) -> Iterator[Database]:
    """The catalog, made if it is not there; beside it any number of processes may read."""
    from rag.adapters.catalog.database import Database  # with a library that is slow to load

    database = Database.open(settings.state_folder / "catalog.db")
    try:
        yield database
    finally:
        database.close()
