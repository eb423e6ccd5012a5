"""What a new user meets: typing mistakes, empty folders, files that are no documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inprocess import run, run_json

PAGE = "---\nservice: {service}\nacl: [{acl}]\n---\n# About {service}\n\nRestart the pump.\n"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    for name, service, acl in (("a", "checkout-api", "team:a"), ("b", "secret-vault", "team:b")):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / f"docs/{name}.md").write_text(PAGE.format(service=service, acl=acl))
    run_json(tmp_path, "ingest", "docs")
    return tmp_path


def said(folder: Path, *arguments: str, code: int) -> str:
    done = run(folder, *arguments)
    assert done.returncode == code, done
    return done.stderr


@pytest.mark.parametrize("command", ["search", "ask"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--service", "chekout-api"], 'did you mean "checkout-api"?'),
        (["--service", "zzz"], "there are: checkout-api, secret-vault"),
        (["--source", "dosc"], 'did you mean "docs"?'),
        (["--as", "team:none"], "a reader with team:none may read no document"),
    ],
)
def test_a_question_that_finds_nothing_says_why(
    team: Path, command: str, options: list[str], message: str
) -> None:
    assert message in said(team, command, "restart the pump", *options, code=5)


@pytest.mark.parametrize("service", ["secret-vault", "secret-vaul"])
def test_a_service_of_others_is_as_unknown_as_any(team: Path, service: str) -> None:
    asked = ("search", "restart the pump", "--as", "team:a", "--service")
    message = said(team, *asked, service, code=5)
    assert message == said(team, *asked, "x" * len(service), code=5).replace(
        "x" * len(service), service
    )
    assert "there are: checkout-api" in message


def test_a_search_before_anything_is_indexed_says_what_to_do(tmp_path: Path) -> None:
    assert "run `runbook ingest`" in said(tmp_path, "search", "restart the pump", code=1)
    (tmp_path / "empty").mkdir()
    said(tmp_path, "ingest", "empty", code=0)
    assert "run `runbook ingest`" in said(tmp_path, "search", "restart the pump", code=5)


@pytest.mark.parametrize("name", ["empty", "tool.py"])
def test_a_place_without_documents_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "tool.py").write_text("print()\n")
    message = said(tmp_path, "ingest", name, code=0)
    assert f"no document found in {tmp_path / name}" in message
    assert ".md" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "dosc"], "did you mean docs?"),
        (["lint", "dosc"], "did you mean docs?"),
        (["serch", "x"], "'search'"),
        (["index", "bild"], "Did you mean 'build'?"),
        (["search", "x", "--servic", "y"], "'--service'"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_nearest(
    team: Path, arguments: list[str], message: str
) -> None:
    assert message in said(team, *arguments, code=2)


def test_a_mistyped_source_is_answered_with_the_nearest(team: Path) -> None:
    (team / "runbook.toml").write_text('[[sources]]\nname = "docs"\npath = "docs"\n')
    assert 'did you mean "docs"?' in said(team, "ingest", "--source", "dcos", code=2)


@pytest.mark.parametrize(("good", "code", "mark"), [(20, 0, "warn"), (2, 1, "FAIL")])
def test_doctor_warns_of_a_few_files_in_quarantine_and_fails_for_many(
    tmp_path: Path, good: int, code: int, mark: str
) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(good):
        (tmp_path / f"docs/{number}.md").write_text(PAGE.format(service=f"s{number}", acl="team:a"))
    (tmp_path / "docs/bad.md").write_bytes(b"\x00\x01\xff")
    assert run(tmp_path, "ingest", "docs").returncode == 3
    done = run(tmp_path, "doctor")
    assert done.returncode == code
    assert f"{mark}  quarantine: 1 file, first bad.md" in done.stdout
