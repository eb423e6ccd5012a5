"""Stores that are damaged, gone, full or read-only: a message with the next step, and it works."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests import processes
from tests.inprocess import paths_found, run, run_json
from tests.processes import HASHING, free_port, listening

CONFIG = '[[sources]]\nname = "docs"\npath = "docs"\nacl = ["public"]\n'
WORDS = ("broker", "proxy", "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for word in WORDS:
        page = tmp_path / "docs" / f"{word}.md"
        page.write_text(f"# About {word}\n\nRestart the {word}.\n", encoding="utf-8")
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    run_json(tmp_path, "ingest")
    return tmp_path


def vectors(folder: Path) -> Path:
    return folder / ".runbook" / "vectors"


def all_is_back(folder: Path) -> None:
    # A process that has met a damaged store goes on to remember it: the mend is for the next one.
    assert processes.run(folder, "ingest").returncode == 0
    assert processes.run_json(folder, "index", "verify")["problems"] == []
    assert paths_found(folder, "restart the cache", "--mode", "dense")[0] == "cache.md"


def garbage(place: Path) -> None:
    place.write_bytes(b"not what it was" * 1000)


def damaged_database(folder: Path) -> None:
    garbage(vectors(folder) / "1" / "chroma.sqlite3")


def emptied_database(folder: Path) -> None:
    with sqlite3.connect(vectors(folder) / "1" / "chroma.sqlite3") as opened:
        opened.execute("DROP TABLE collections")
    opened.close()


@pytest.mark.parametrize("damage", [damaged_database, emptied_database])
def test_damaged_vectors_say_what_to_remove(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder)
    done = run(folder, "ingest")
    assert done.returncode == 1
    assert f"the vector store at {vectors(folder) / '1'} failed" in done.stderr
    assert "stop the service, remove it" in done.stderr
    # Who only reads does not need them.
    assert paths_found(folder, "restart the proxy")[0] == "proxy.md"
    shutil.rmtree(vectors(folder))
    all_is_back(folder)


def test_damaged_vectors_are_seen_by_verify_whatever_the_file(folder: Path) -> None:
    for file in sorted((vectors(folder) / "1").glob("*/*.bin")):
        garbage(file)
    completed = run(folder, "index", "verify")
    if completed.returncode:  # what lies in these files may not have been needed yet
        assert "remove it" in completed.stderr or "repair" in completed.stderr
    shutil.rmtree(vectors(folder))
    all_is_back(folder)


def damaged_graphs(folder: Path) -> None:
    for file in sorted((vectors(folder) / "1").glob("*/*.bin")):
        garbage(file)


def missing_graphs(folder: Path) -> None:
    for place in (vectors(folder) / "1").iterdir():
        if place.is_dir():
            shutil.rmtree(place)


@pytest.mark.parametrize(
    "damage", [damaged_database, emptied_database, damaged_graphs, missing_graphs]
)
def test_repair_rebuilds_damaged_vectors_from_the_catalog(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder)
    repaired = processes.run(folder, "index", "repair")
    assert repaired.returncode == 0, repaired.stderr
    assert processes.run_json(folder, "index", "verify")["problems"] == []
    assert paths_found(folder, "restart the cache", "--mode", "dense")[0] == "cache.md"


def test_vectors_deleted_while_nothing_runs_are_built_anew(folder: Path) -> None:
    shutil.rmtree(vectors(folder))
    all_is_back(folder)


@contextmanager
def serving(folder: Path) -> Iterator[httpx.Client]:
    key = run_json(folder, "keys", "create", "--name", "t", "--right", "admin")["key"]
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with (
        listening([*HASHING, "serve", "--port", str(port)], f"{base}/readyz", folder),
        httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=30
        ) as client,
    ):
        yield client


def test_vectors_deleted_under_a_service_come_back_with_its_next_start(folder: Path) -> None:
    with serving(folder) as client:
        shutil.rmtree(vectors(folder))
        # What is in memory still answers, and what needs no vectors always does.
        found = client.post("/v1/search", json={"query": "restart the cache", "mode": "lexical"})
        assert found.json()["hits"][0]["document"]["path"] == "cache.md"
    with serving(folder) as client:
        found = client.post("/v1/search", json={"query": "restart the cache", "mode": "dense"})
        assert found.json()["hits"][0]["document"]["path"] == "cache.md"
    all_is_back(folder)


def test_a_damaged_catalog_says_how_to_get_it_back(folder: Path) -> None:
    saved = folder / "saved.tar"
    assert run(folder, "backup", str(saved)).returncode == 0
    catalog = folder / ".runbook" / "catalog.db"
    for name in ("catalog.db-wal", "catalog.db-shm"):
        (folder / ".runbook" / name).unlink(missing_ok=True)
    garbage(catalog)
    for command in (["ingest"], ["search", "cache"], ["index", "list"]):
        done = run(folder, *command)
        assert done.returncode == 1
        assert "it is damaged" in done.stderr
        assert "runbook restore" in done.stderr
    assert run(folder, "restore", str(saved), "--force").returncode == 0
    all_is_back(folder)


def test_a_catalog_from_a_newer_version_is_left_alone(folder: Path) -> None:
    catalog = folder / ".runbook" / "catalog.db"
    with sqlite3.connect(catalog) as opened:
        [(known,)] = opened.execute("SELECT version_num FROM alembic_version").fetchall()
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
    opened.close()
    for command in (["ingest"], ["search", "cache"], ["serve", "--port", "0"]):
        done = run(folder, *command)
        assert done.returncode == 1
        assert "written by a newer version" in done.stderr
    with sqlite3.connect(catalog) as opened:
        opened.execute("UPDATE alembic_version SET version_num = ?", (known,))
    opened.close()
    all_is_back(folder)


@contextmanager
def full_disk() -> Iterator[None]:
    """Every catalog that is opened inside has no room left, as SQLite itself says it."""

    def limit(connection: sqlite3.Connection, _: object) -> None:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {max(pages, 1)}")

    create = sa.create_engine

    def limited(*arguments: object, **more: object) -> sa.Engine:
        made: sa.Engine = create(*arguments, **more)  # type: ignore[call-overload]  # passed on
        event.listen(made, "connect", limit)
        return made

    with patch("sqlalchemy.create_engine", limited):
        yield


def test_a_full_disk_is_said_and_nothing_is_lost(folder: Path) -> None:
    for number in range(40):
        page = folder / "docs" / f"more-{number}.md"
        page.write_text(f"# More {number}\n\n{'fill the disk ' * 400}\n", encoding="utf-8")
    with full_disk():
        done = run(folder, "ingest")
    assert done.returncode == 1
    assert "the disk is full: make room" in done.stderr
    assert paths_found(folder, "restart the broker")[0] == "broker.md"
    assert run_json(folder, "ingest")["added"] == 40
    assert run_json(folder, "index", "verify")["problems"] == []


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[bool]:
    """A small file system in memory there, where this user may mount one."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_state_folder_on_a_small_disk(folder: Path) -> None:
    """A real one where one may be mounted; else the limit that SQLite keeps stands in."""
    shutil.rmtree(folder / ".runbook")
    (folder / ".runbook").mkdir()
    page = folder / "docs" / "large.md"
    page.write_text("# Large\n\n" + "fill the disk with words\n\n" * 20_000, encoding="utf-8")
    with mounted(folder / ".runbook", "size=3m") as real:
        if real:
            done = run(folder, "ingest")
        else:
            with full_disk():
                done = run(folder, "ingest")
        assert done.returncode == 1
        assert "full" in done.stderr, done.stderr
        assert "make room" in done.stderr
    page.unlink()
    run(folder, "ingest")
    all_is_back(folder)


def test_a_read_only_state_folder_is_said(folder: Path) -> None:
    state = folder / ".runbook"
    with read_only(state):
        done = run(folder, "ingest")
        assert done.returncode == 1
        assert "cannot be written" in done.stderr
        assert "mend" in done.stderr
        assert "Traceback" not in done.stderr
        doctor = json.loads(run(folder, "doctor", "--json").stdout)
        assert next(one["check"] for one in doctor if not one["ok"]) == "state folder"
    all_is_back(folder)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """A read-only mount for root, whom permissions do not hold; else permissions."""
    if os.geteuid() == 0:
        bind = ["mount", "--bind", str(place), str(place)]
        done = subprocess.run(bind, capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
            try:
                yield
            finally:
                subprocess.run(["umount", "-l", str(place)], check=True)
            return
        with patch("os.open", refusing(place)):
            yield
        return
    place.chmod(0o500)
    try:
        yield
    finally:
        place.chmod(0o700)


def refusing(place: Path) -> Callable[..., int]:
    """`os.open` as a read-only file system answers it below a place."""
    real = os.open

    def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).startswith(str(place)) and flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, *more, **named)

    return opened
