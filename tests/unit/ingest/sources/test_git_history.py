"""The last commit of each file, by a few calls to a real git."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.sources.git_history import file_revisions, last_commit


def git(root: Path, *arguments: str, at: int = 1_700_000_000) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments],
        cwd=root,
        env={
            "PATH": "/usr/bin:/bin",
            "GIT_COMMITTER_DATE": f"@{at} +0000",
            "GIT_AUTHOR_DATE": f"@{at} +0000",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "docs").mkdir()
    for name in ("one.md", "two words é.md", "three.md"):
        (tmp_path / "docs" / name).write_text(name, encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first", at=1_700_000_000)
    (tmp_path / "docs/three.md").write_text("changed", encoding="utf-8")
    git(tmp_path, "commit", "-qam", "second", at=1_700_000_100)
    return tmp_path


def test_each_file_has_the_commit_that_last_touched_it(checkout: Path) -> None:
    found = file_revisions(checkout / "docs")
    assert set(found) == {"one.md", "two words é.md", "three.md"}
    assert found["three.md"].commit == git(checkout, "rev-parse", "HEAD")
    assert found["one.md"].commit == git(checkout, "rev-parse", "HEAD~1")
    assert found["one.md"].committed_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert set(file_revisions(checkout)) == {f"docs/{name}" for name in found}


def test_what_differs_from_its_commit_has_none(checkout: Path) -> None:
    (checkout / "docs/one.md").write_text("edited", encoding="utf-8")
    (checkout / "docs/new.md").write_text("new", encoding="utf-8")
    found = file_revisions(checkout / "docs")
    assert "new.md" not in found
    assert not found["one.md"].has(b"edited")
    assert found["one.md"].has(b"one.md")
    assert found["three.md"].has(b"changed")


def test_a_merged_change_is_found(checkout: Path) -> None:
    git(checkout, "checkout", "-qb", "side")
    (checkout / "docs/one.md").write_text("side", encoding="utf-8")
    git(checkout, "commit", "-qam", "side", at=1_700_000_200)
    git(checkout, "checkout", "-q", "main")
    git(checkout, "merge", "-q", "--no-ff", "-m", "merge", "side", at=1_700_000_300)
    assert set(file_revisions(checkout)) == {
        "docs/one.md", "docs/two words é.md", "docs/three.md"
    }  # fmt: skip


def test_no_checkout_and_no_commit_give_nothing(tmp_path: Path) -> None:
    assert file_revisions(tmp_path) == {}
    git(tmp_path, "init", "-q")
    (tmp_path / "a.md").write_text("a", encoding="utf-8")
    git(tmp_path, "add", ".")
    assert file_revisions(tmp_path) == {}


def test_a_hostile_checkout_runs_nothing(checkout: Path) -> None:
    trap = checkout / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {checkout}/sprung\n", encoding="utf-8")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager"):
        git(checkout, "config", key, str(trap))
    (checkout / "docs/one.md").write_text("edited", encoding="utf-8")
    file_revisions(checkout)
    assert not (checkout / "sprung").exists()


def test_a_commit_of_a_time_that_no_calendar_reaches_tells_nothing(checkout: Path) -> None:
    (checkout / "docs/one.md").write_text("later", encoding="utf-8")
    git(checkout, "commit", "-qam", "from the future", at=999_999_999_999)
    assert set(file_revisions(checkout / "docs")) == {"two words é.md", "three.md"}
    assert last_commit(checkout / "docs") is None
