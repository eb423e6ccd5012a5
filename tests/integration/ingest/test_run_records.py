"""What is kept of the last run of each source, and the notes on the files that are served."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.access.acl import AccessFilter
from rag.adapters.catalog.catalog import Catalog
from rag.adapters.catalog.reader import CatalogReader
from tests.inprocess import run_json

SOURCE = '[[sources]]\nname = "ours"\npath = "team"\nacl = ["team:a"]\n'
NOTED = "---\nowner: [team-a, team-b]\nurl: ../elsewhere\n---\n# Pumps\n\nRestart the pump.\n"
EVERYTHING = AccessFilter(frozenset(), everything=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "team").mkdir()
    (tmp_path / "team/noted.md").write_text(NOTED)
    (tmp_path / "team/plain.md").write_text("# Valves\n\nOpen the valve.\n")
    (tmp_path / "runbook.toml").write_text(SOURCE)
    run_json(tmp_path, "ingest")
    return tmp_path


def noted(folder: Path, access: AccessFilter = EVERYTHING) -> set[tuple[str, int]]:
    """Path and line of each note."""
    catalog = Catalog.open(folder / ".runbook/catalog.db")
    try:
        notes = CatalogReader(catalog.database).file_notes(access=access)
        return {(note.path, note.line) for note in notes}
    finally:
        catalog.close()


def counts(folder: Path) -> tuple[int, int, int, int]:
    """How many documents the last run of the source added, updated, deleted and left."""
    catalog = Catalog.open(folder / ".runbook/catalog.db")
    try:
        (source,) = catalog.known_sources()
    finally:
        catalog.close()
    last = source.last_run
    assert last is not None
    return last.added, last.updated, last.deleted, last.unchanged


def test_the_last_run_is_kept(folder: Path) -> None:
    assert counts(folder) == (2, 0, 0, 0)
    (folder / "team/plain.md").unlink()
    run_json(folder, "ingest")
    assert counts(folder) == (0, 0, 1, 1)


def test_notes_stay_with_a_file_until_it_is_mended_or_deleted(folder: Path) -> None:
    assert noted(folder) == {("noted.md", 3)}
    run_json(folder, "ingest")
    assert noted(folder) == {("noted.md", 3)}
    (folder / "team/noted.md").write_text("# Pumps\n\nRestart the pump.\n")
    run_json(folder, "ingest")
    assert noted(folder) == set()


def test_notes_on_a_deleted_file_go_with_it(folder: Path) -> None:
    (folder / "team/noted.md").unlink()
    run_json(folder, "ingest")
    (folder / "team/noted.md").write_text("# Pumps\n\nRestart the pump.\n")
    run_json(folder, "ingest")
    assert noted(folder) == set()


def test_notes_are_for_those_who_read_the_document(folder: Path) -> None:
    assert noted(folder, AccessFilter(frozenset({"team:a"})))
    assert not noted(folder, AccessFilter(frozenset({"team:b"})))
    assert not noted(folder, AccessFilter(frozenset()))
