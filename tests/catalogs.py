"""New catalogs, for tests that need one each: migrated once for each process, then copied."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from rag.adapters.catalog.database import Database


def open_catalog(path: Path) -> Database:
    """The catalog at this path; a new one is a copy, since migrations take 40 milliseconds."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(_empty_catalog())
    return Database.open(path)


@cache
def _empty_catalog() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catalog.db")
        Database.open(path).close()
        assert not path.with_name("catalog.db-wal").exists(), "the file is not the whole catalog"
        return path.read_bytes()
