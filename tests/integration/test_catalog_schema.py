"""Migrations make the tables that the code believes in."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from rag.adapters.catalog import database, schema
from rag.adapters.catalog.database import Database


def test_migrating_an_empty_file_gives_the_declared_tables(tmp_path: Path) -> None:
    opened = Database.open(tmp_path / "catalog.db")
    with opened.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
    opened.close()


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    Database.open(tmp_path / "catalog.db").close()
    again = Database.open(tmp_path / "catalog.db")
    with again.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM state").scalar() == 1
    again.close()


def test_the_current_version_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == database.SCHEMA_VERSION
