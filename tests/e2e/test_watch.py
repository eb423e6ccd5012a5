"""`runbook watch` as a process: what is saved, moved or deleted on disk is found or gone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from tests.processes import HASHING, environment, paths_found, run

CONFIG = """\
[[sources]]
name = "docs"
path = "docs"
acl = ["public"]

[ingest]
reconcile_seconds = {reconcile}
"""


def write_page(folder: Path, path: str, word: str) -> None:
    place = folder / "docs" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"# About {word}\n\nRestart the {word} when it is stuck.\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, word in (("a.md", "broker"), ("sub/b.md", "proxy"), ("sub/c.md", "cache")):
        write_page(tmp_path, path, word)
    (tmp_path / "runbook.toml").write_text(CONFIG.format(reconcile=3600), encoding="utf-8")
    return tmp_path


@dataclass(frozen=True)
class Watching:
    """A watching process, by the reports that it prints."""

    process: subprocess.Popen[str]
    output: IO[str]

    def counts(self) -> dict[str, int]:
        """What the next run did."""
        line = self.output.readline()
        assert line, "the process ended"
        parsed: dict[str, Any] = json.loads(line)
        wanted = ("added", "updated", "deleted", "unchanged")
        return {name: parsed[name] for name in wanted if parsed[name]}

    def until(self, name: str, total: int) -> None:
        """Until the runs from here on have counted so many; a slow machine may split a batch."""
        while total > 0:
            total -= self.counts().get(name, 0)
        assert total == 0


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[Watching]:
    with subprocess.Popen(
        [*HASHING, "watch", "--json", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield Watching(process, process.stdout)
        finally:
            process.terminate()


@pytest.mark.parametrize("how", [[], ["--poll"]])
def test_what_changes_on_disk_changes_in_the_index(folder: Path, how: list[str]) -> None:
    with watching(folder, *how) as watch:
        assert watch.counts() == {"added": 3}
        write_page(folder, "a.md", "gateway")
        watch.until("updated", 1)
        assert paths_found(folder, "restart the gateway")[0] == "a.md"
        (folder / "docs/sub").rename(folder / "docs/moved")
        watch.until("added", 2)
        assert paths_found(folder, "restart the proxy")[0] == "moved/b.md"
        shutil.rmtree(folder / "docs/moved")
        watch.until("deleted", 2)
        assert set(paths_found(folder, "restart")) == {"a.md"}
        watch.process.terminate()
        assert watch.process.wait(30) == 0


def test_an_editor_that_swaps_files_saves_one_page(folder: Path) -> None:
    with watching(folder) as watch:
        watch.counts()
        swap = folder / "docs" / ".a.md.swp"
        swap.write_text("# About gateway\n\nRestart the gateway.\n", encoding="utf-8")
        swap.rename(folder / "docs" / "a.md")
        watch.until("updated", 1)
        assert paths_found(folder, "restart the gateway")[0] == "a.md"


def test_a_rule_file_counts_for_its_folder(folder: Path) -> None:
    with watching(folder) as watch:
        watch.counts()
        rule = folder / "docs/sub/.runbook-acl.yaml"
        rule.write_text("acl: [team:platform]\n", encoding="utf-8")
        watch.until("updated", 2)
        assert set(paths_found(folder, "restart", "--as", "team:other")) == {"a.md"}


def test_many_files_at_once_are_few_runs(folder: Path) -> None:
    with watching(folder) as watch:
        watch.counts()
        for number in range(300):
            write_page(folder, f"many/{number:03}.md", f"shard{number}")
        runs = added = 0
        while added < 300:
            runs, added = runs + 1, added + watch.counts().get("added", 0)
        assert runs <= 5


def test_a_source_that_vanishes_is_waited_for(folder: Path) -> None:
    (folder / "runbook.toml").write_text(CONFIG.format(reconcile=1), encoding="utf-8")
    with watching(folder) as watch:
        watch.counts()
        (folder / "docs").rename(folder / "away")
        (folder / "away").rename(folder / "docs")
        write_page(folder, "late.md", "gateway")
        watch.until("added", 1)
        assert set(paths_found(folder, "restart")) == {"a.md", "late.md", "sub/b.md", "sub/c.md"}


def test_one_process_owns_the_index(folder: Path) -> None:
    with watching(folder) as watch:
        watch.counts()
        done = run(folder, "watch")
        assert done.returncode == 1
        assert "watch" in done.stderr


def test_without_a_source_there_is_nothing_to_watch(tmp_path: Path) -> None:
    done = run(tmp_path, "watch")
    assert done.returncode == 2
    assert "runbook init" in done.stderr
