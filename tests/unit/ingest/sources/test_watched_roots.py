"""Roots that are there, come late, go, or are replaced, watched by the system and by listings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.sources import watched_roots
from ingest.sources.source import Source
from ingest.sources.watching import Changes, Debounce

WAYS = pytest.mark.parametrize("polling", [False, True])


@pytest.fixture(autouse=True)
def looked_after_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_roots, "_LOOKED_AFTER", 0.05)


@contextmanager
def watching(*sources: Source, polling: bool = False) -> Iterator[Changes]:
    changes = Changes(Debounce(quiet=0.01, longest=1))
    end = watched_roots.watch(sources, changes, polling=polling)
    try:
        yield changes
    finally:
        end()


def until(changes: Changes, source: str, path: str) -> None:
    """Until that change is told; a slow machine may tell of others first."""
    deadline = time.monotonic() + 20
    while path not in changes.take(timeout=0.5).get(source, ()):
        assert time.monotonic() < deadline


def page(root: Path, name: str = "page.md") -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("# Page", encoding="utf-8")


@WAYS
def test_a_root_that_comes_late_is_found_and_others_are_watched_meanwhile(
    tmp_path: Path, polling: bool
) -> None:
    late, there = Source("late", tmp_path / "late"), Source("there", tmp_path / "there")
    there.root.mkdir()
    with watching(late, there, polling=polling) as changes:
        page(there.root)
        until(changes, "there", "page.md")
        page(late.root)
        until(changes, "late", ".")
        page(late.root, "more.md")
        until(changes, "late", "more.md")


@WAYS
def test_a_root_that_went_away_is_watched_when_it_is_back(tmp_path: Path, polling: bool) -> None:
    root = tmp_path / "docs"
    page(root)
    with watching(Source("s", root), polling=polling) as changes:
        root.rename(tmp_path / "away")
        page(root, "other.md")
        until(changes, "s", ".")
        page(root, "more.md")
        until(changes, "s", "more.md")


@WAYS
def test_a_link_that_leads_elsewhere_now_is_all_changed(tmp_path: Path, polling: bool) -> None:
    for name in ("rev1", "rev2"):
        page(tmp_path / name / "docs")
    current = tmp_path / "current"
    current.symlink_to("rev1")
    with watching(Source("s", current / "docs"), polling=polling) as changes:
        (tmp_path / "next").symlink_to("rev2")
        (tmp_path / "next").rename(current)
        until(changes, "s", ".")
        page(tmp_path / "rev2" / "docs", "more.md")
        until(changes, "s", "more.md")


def test_where_the_system_cannot_watch_so_much_listings_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limit = tmp_path / "limit"
    limit.write_text("2\n", encoding="ascii")
    monkeypatch.setattr(watched_roots, "_WATCH_LIMIT", limit)
    root = tmp_path / "docs"
    for name in "abc":
        (root / name).mkdir(parents=True)
    with watching(Source("s", root)) as changes:
        page(root / "a")
        until(changes, "s", "a/page.md")
    assert "max_user_watches" in caplog.text
