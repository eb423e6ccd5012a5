"""Paths of a command line become sources, and no file belongs to two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.sources.selection import source_name, sources_for_paths, without_nested
from ingest.sources.source import Source
from rag.domain.index import KnownSource

Run = dict[tuple[str, str | None], frozenset[str]]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / "team/pay/api").mkdir(parents=True)
    (tmp_path / "team/ops").mkdir()
    return tmp_path / "team"


def selected(
    *paths: Path, configured: list[Source] | None = None, known: list[KnownSource] | None = None
) -> Run:
    made = sources_for_paths(paths, configured or [], known or [], None)
    return {(source.name, source.scope): source.excluded for source in made}


def test_a_path_inside_a_configured_source_is_part_of_it(team: Path) -> None:
    run = selected(team / "pay", configured=[Source("docs", team)])
    assert run == {("docs", "pay"): frozenset()}


def test_a_path_around_a_configured_source_leaves_its_folder_to_it(team: Path) -> None:
    run = selected(team, configured=[Source("payments", team / "pay")])
    assert run == {("team", None): {"pay"}, ("payments", None): frozenset()}


@pytest.mark.parametrize("turned", [False, True])
def test_a_path_inside_another_path_is_indexed_once(team: Path, turned: bool) -> None:
    paths = [team, team / "pay"]
    assert selected(*(reversed(paths) if turned else paths)) == {("team", None): frozenset()}


def test_a_path_around_an_earlier_path_leaves_its_folder_to_it(team: Path) -> None:
    run = selected(team, known=[KnownSource("pay", str(team / "pay"), False)])
    assert run == {("team", None): {"pay"}, ("pay", None): frozenset()}


def test_an_earlier_path_that_is_gone_is_no_part_of_the_run(team: Path) -> None:
    run = selected(team, known=[KnownSource("old", str(team / "old"), False)])
    assert run == {("team", None): frozenset()}


def test_two_folders_of_one_source_are_both_part_of_the_run(team: Path) -> None:
    run = selected(team / "pay", team / "ops", configured=[Source("docs", team)])
    assert run.keys() == {("docs", "pay"), ("docs", "ops")}


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("runbooks", "runbooks"),
        ("Our pages (2)", "Our-pages-2"),
        ("_", "root"),
        ("x" * 90, "x" * 64),
    ],
)
def test_a_source_is_named_after_its_folder(folder: str, name: str) -> None:
    assert source_name(Path("/srv") / folder) == name


def test_configured_sources_leave_folders_to_the_sources_inside_them(team: Path) -> None:
    configured = [Source("all", team), Source("api", team / "pay/api"), Source("pay", team / "pay")]
    found = {source.name: source.excluded for source in without_nested(configured)}
    assert found == {"all": {"pay", "pay/api"}, "pay": {"api"}, "api": frozenset()}
