"""`runbook init` writes a configuration with which the next commands work."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli.main import cli
from tests.inprocess import paths_found, run, run_json


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / "our pages/pay").mkdir(parents=True)
    for name in ("refunds", "cards"):
        page = tmp_path / f"our pages/pay/{name}.md"
        page.write_text(f"# About {name}\n\nRestart the pump of {name}.\n")
    return tmp_path


def sources(folder: Path) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = tomllib.loads((folder / "runbook.toml").read_text())["sources"]
    return written


def test_ingest_and_search_work_after_init(team: Path) -> None:
    done = run(team, "init", "our pages", "--acl", "team:payments")
    assert done.returncode == 0
    assert "2 documents" in done.stderr
    assert run_json(team, "ingest")["added"] == 2
    assert paths_found(team, "pump of refunds", "--as", "team:payments")[0] == "pay/refunds.md"
    assert run(team, "search", "pump of refunds", "--as", "team:other").returncode == 5


def test_without_readers_nobody_but_administrators_reads_and_init_says_so(team: Path) -> None:
    done = run(team, "init", "our pages")
    assert "administrators alone" in done.stderr
    assert sources(team) == [{"name": "our-pages", "path": "our pages"}]
    run_json(team, "ingest")
    assert paths_found(team, "pump of refunds")
    assert run(team, "search", "pump of refunds", "--as", "public").returncode == 5


@pytest.mark.parametrize(
    ("answers", "acl"),
    [
        ("public\n", ["public"]),
        ("team:a, role:b\n", ["role:b", "team:a"]),
        ("not a tag\nteam:a\n", ["team:a"]),
        ("\n", None),
        ("nobody\n", None),
    ],
)
def test_at_a_terminal_it_asks_who_may_read(
    team: Path, monkeypatch: pytest.MonkeyPatch, answers: str, acl: list[str] | None
) -> None:
    monkeypatch.chdir(team)
    monkeypatch.setattr("api.cli.init._at_a_terminal", lambda: True)
    asked = CliRunner().invoke(cli, ["init", "our pages"], input=answers)
    assert asked.exit_code == 0
    assert "Who may read" in asked.stderr
    assert sources(team)[0].get("acl") == acl


@pytest.mark.parametrize(
    ("there", "path"), [("runbooks", "runbooks"), ("docs", "docs"), ("x", ".")]
)
def test_without_a_folder_it_takes_the_usual_one_that_is_there(
    tmp_path: Path, there: str, path: str
) -> None:
    (tmp_path / there).mkdir()
    (tmp_path / there / "a.md").write_text("# A\n\nText of a page.\n")
    assert run(tmp_path, "init").returncode == 0
    assert sources(tmp_path)[0]["path"] == path
    assert run_json(tmp_path, "ingest")["added"] == 1


def test_what_a_path_indexed_before_is_not_indexed_again(team: Path) -> None:
    run_json(team, "ingest", "our pages")
    run(team, "init", "our pages")
    assert run_json(team, "ingest")["unchanged"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["our page"], "did you mean our pages?"),
        (["our pages/pay/cards.md"], "is a file"),
        (["ftp://h/x"], "git does not use ftp"),
        (["our pages", "--acl", "not a tag"], "is not an ACL tag"),
    ],
)
def test_a_place_that_cannot_be_a_source_is_refused(
    team: Path, arguments: list[str], said: str
) -> None:
    done = run(team, "init", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (team / "runbook.toml").exists()


def test_a_file_that_is_there_is_left_as_it_is(team: Path) -> None:
    (team / "runbook.toml").write_text("# mine\n")
    done = run(team, "init", "our pages")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (team / "runbook.toml").read_text() == "# mine\n"


def test_a_folder_without_documents_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(tmp_path, "init", "empty")
    assert done.returncode == 0
    assert "no document in" in done.stderr
    assert ".md" in done.stderr


def test_a_repository_becomes_a_git_source(tmp_path: Path) -> None:
    place = "https://git.invalid/acme/rb/tree/dev/docs"
    assert run(tmp_path, "init", place).returncode == 0
    git = "https://git.invalid/acme/rb"
    assert sources(tmp_path) == [{"name": "rb", "git": git, "branch": "dev", "subfolder": "docs"}]


def test_the_protocol_of_a_repository_is_allowed(tmp_path: Path) -> None:
    done = run(tmp_path, "init", (tmp_path / "none.git").as_uri())
    assert "did not say which branch" in done.stderr
    written = tomllib.loads((tmp_path / "runbook.toml").read_text())
    assert written["ingest"]["git_protocols"] == ["https", "file"]
