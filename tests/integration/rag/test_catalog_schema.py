"""Migrations make the tables that the code believes in."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
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


def test_an_index_of_the_first_schema_is_filled_in(tmp_path: Path) -> None:
    """What was indexed before pages had rows of their own is found by them after opening."""
    path = tmp_path / "catalog.db"
    _open_at_the_first_schema(path)
    opened = Database.open(path)
    with opened.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT rowid FROM pages_1 WHERE pages_1 MATCH 'broker AND proxy'"
        ).all()
        assert [row[0] for row in found] == [7]
        rows = connection.exec_driver_sql("SELECT rowid FROM lexical_1").scalars().all()
        assert sorted(rows) == [7 << 20, (7 << 20) + 1]
        vector = connection.exec_driver_sql("SELECT vector FROM page_vectors").scalar_one()
        assert array("f", vector) == pytest.approx([0.5**0.5, 0.5**0.5])
    opened.close()


def _open_at_the_first_schema(path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in _FIRST_ROWS:
            connection.exec_driver_sql(statement)
        for ordinal, (text, vector) in enumerate((("broker", (1.0, 0.0)), ("proxy", (0.0, 1.0)))):
            connection.exec_driver_sql(
                "INSERT INTO chunks VALUES (?, 7, ?, ?, '', '[]', 1, 1, '[]', ?)",
                ((7 << 20) + ordinal, ordinal, text, text),
            )
            connection.exec_driver_sql(
                "INSERT INTO embeddings VALUES ('m', ?, ?)", (text, array("f", vector).tobytes())
            )
    engine.dispose()


_FIRST_ROWS = (
    "INSERT INTO generations VALUES (1, 'f', 'm', 2, 'serving', '2026-01-01T00:00:00+00:00')",
    "INSERT INTO acl_sets VALUES (1, '[\"public\"]')",
    "INSERT INTO versions (id, generation, document_id, state, source, path, title, kind, service,"
    " severity, alerts, tags, acl_set, acl_origin, revision, updated, content_hash) VALUES"
    " (7, 1, 'd', 'active', 's', 'a.md', 'A', 'runbook', '[]', '[]', '[]', '[]', 1, 'document',"
    " 'r', 0, 'h')",
    "CREATE VIRTUAL TABLE lexical_1 USING fts5(title, path, alerts, section, body, parts)",
)
