"""The same files under a path of the command line and under a source are indexed once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.inprocess import run, run_json

SOURCE = '[[sources]]\nname = "{name}"\npath = "{path}"\nacl = ["public"]\n'


@pytest.fixture
def team(tmp_path: Path) -> Path:
    for path in ("team/pay/refunds.md", "team/pay/cards.md", "team/ops/disks.md"):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"# About {place.stem}\n\nRestart the pump of {place.stem}.\n")
    return tmp_path


def served(folder: Path) -> Counter[str]:
    """How often each document is found, by the last part of its path."""
    found = run_json(folder, "search", "restart the pump", "-k", "50")
    return Counter(Path(hit["document"]["path"]).name for hit in found["hits"])


ONCE = Counter(["refunds.md", "cards.md", "disks.md"])


def configure(folder: Path, name: str, path: str) -> None:
    (folder / "runbook.toml").write_text(SOURCE.format(name=name, path=path))


@pytest.mark.parametrize("path", ["team", "."])
def test_a_source_replaces_what_a_path_indexed_before(team: Path, path: str) -> None:
    run_json(team, "ingest", "team")
    configure(team, "ours", path)
    run_json(team, "ingest")
    assert served(team) == ONCE


def test_a_source_takes_over_the_part_of_a_path_that_it_covers(team: Path) -> None:
    run_json(team, "ingest", "team")
    configure(team, "ours", "team/pay")
    run_json(team, "ingest")
    assert served(team) == ONCE
    assert run_json(team, "ingest", "team")["unchanged"] == 3
    assert served(team) == ONCE


def test_a_path_around_a_source_indexes_the_source_as_well(team: Path) -> None:
    configure(team, "ours", "team/pay")
    assert run_json(team, "ingest", "team")["added"] == 3
    assert served(team) == ONCE


def test_two_folders_of_one_source_are_both_indexed(team: Path) -> None:
    configure(team, "ours", "team")
    assert run_json(team, "ingest", "team/pay", "team/ops")["added"] == 3
    assert served(team) == ONCE


def test_a_part_of_a_source_does_not_withdraw_the_rest_of_an_earlier_path(team: Path) -> None:
    run_json(team, "ingest", "team")
    configure(team, "ours", "team")
    run_json(team, "ingest", "team/ops")
    assert {"refunds.md", "cards.md"} <= served(team).keys()


def test_without_pruning_nothing_that_was_indexed_is_withdrawn(team: Path) -> None:
    run_json(team, "ingest", "team")
    configure(team, "ours", "team")
    assert run(team, "ingest", "--no-prune").returncode == 0
    assert served(team).total() >= 3
