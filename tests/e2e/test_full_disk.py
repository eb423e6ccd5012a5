"""Commands that only read, in a process whose every write to a file fails."""

from __future__ import annotations

import json
import resource
import subprocess
from pathlib import Path

import pytest

from tests.inprocess import run_json
from tests.processes import HASHING, environment

CONFIG = '[[sources]]\nname = "docs"\npath = "docs"\nacl = ["public"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for word in ("broker", "cache"):
        document = tmp_path / "docs" / f"{word}.md"
        document.write_text(f"# About {word}\n\nRestart the {word}.\n", encoding="utf-8")
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    run_json(tmp_path, "ingest")
    return tmp_path


def run_without_room(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, where no file may grow beyond 0 bytes."""
    return subprocess.run(
        [*HASHING, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )


def test_search_and_ask_answer_on_a_full_disk(folder: Path) -> None:
    done = run_without_room(folder, "search", "restart the cache", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hits"][0]["document"]["path"] == "cache.md"
    asked = run_without_room(folder, "ask", "restart the cache")
    assert asked.returncode == 0, asked.stderr
    assert "Restart the cache" in asked.stdout


def test_a_change_on_a_full_disk_says_to_make_room(folder: Path) -> None:
    done = run_without_room(folder, "keys", "create", "--name", "k", "--group", "g")
    assert done.returncode == 1
    assert "the disk is full: make room" in done.stderr, done.stderr


def test_commits_that_only_the_log_holds_are_never_left_out(folder: Path) -> None:
    """Among them may be an ACL that was narrowed: no answer is safer than an old one."""
    (folder / ".runbook" / "catalog.db-wal").write_bytes(b"not yet in the database")
    done = run_without_room(folder, "search", "restart the cache", "--json")
    assert done.returncode == 1
    assert "the disk is full: make room" in done.stderr, done.stderr
