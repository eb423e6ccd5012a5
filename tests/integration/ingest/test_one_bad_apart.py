"""One odd file, or one source that is away, never keeps the rest from being brought up to date."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ingest.sources.git_history import file_revisions
from ingest.sources.walk import Walk, walk
from tests.inprocess import paths_found, run, run_json

TWO = """
[[sources]]
name = "a"
path = "a"
acl = ["public"]

[[sources]]
name = "b"
path = "b"
"""


def write_page(place: Path, word: str, acl: str = "public") -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    text = f"---\nacl: [{acl}]\n---\n# About {word}\n\nRestart the {word}.\n"
    place.write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_page(tmp_path / "a/one.md", "broker")
    write_page(tmp_path / "b/two.md", "proxy")
    (tmp_path / "runbook.toml").write_text(TWO, encoding="utf-8")
    return tmp_path


def cut_short() -> bytes:
    """A Word document whose text ends in the middle."""
    docx = pytest.importorskip("docx")
    out = io.BytesIO()
    docx.Document().save(out)
    made = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name)[: 200 if name == "word/document.xml" else None])
    return made.getvalue()


def test_odd_files_are_reported_and_who_may_read_the_others_is_not_held_up(folder: Path) -> None:
    run_json(folder, "ingest")
    odd = folder / "a"
    (odd / "declared.html").write_text("<p>x</p><![ ]]>", encoding="utf-8")
    (odd / "deep.html").write_text("<div>" * 5000, encoding="utf-8")
    (odd / "counted.html").write_text("<ol><li value='²'>Fan</li></ol>", encoding="utf-8")
    (odd / "cut.docx").write_bytes(cut_short())
    (odd / "kernel.ipynb").write_text(
        '{"nbformat":4,"nbformat_minor":4,"cells":[],"metadata":{"kernelspec":null}}'
    )
    (odd / "images.md").write_text("![a](" * 1600, encoding="utf-8")
    write_page(folder / "b/two.md", "proxy", acl="team:a")
    report = run_json(folder, "ingest", expect=3)
    reasons = {item["path"]: item["reason"] for item in report["quarantined"]}
    assert set(reasons) == {"deep.html", "cut.docx"}
    assert "two.md" not in paths_found(folder, "restart the proxy", "--as", "team:z")
    assert "two.md" in paths_found(folder, "restart the proxy", "--as", "team:a")


def test_a_source_that_is_away_keeps_serving_and_the_others_run(folder: Path) -> None:
    run_json(folder, "ingest")
    (folder / "a").rename(folder / "away")
    write_page(folder / "b/two.md", "proxy", acl="team:a")
    report = run_json(folder, "ingest", expect=1)
    assert (report["updated"], report["deleted"]) == (1, 0)
    [found] = report["unreachable"]
    assert found.startswith("a: ")
    assert "two.md" not in paths_found(folder, "restart the proxy", "--as", "team:z")
    assert "one.md" in paths_found(folder, "restart the broker")
    assert "not a folder" in run(folder, "doctor").stdout
    (folder / "away").rename(folder / "a")
    assert run_json(folder, "ingest")["unchanged"] == 2


def test_a_source_that_goes_away_while_it_is_read_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_json(folder, "ingest")

    def walked(root: Path, *rest: Any) -> Walk:
        found = walk(root, *rest)
        if root.name == "a":
            shutil.rmtree(root)
        return found

    monkeypatch.setattr("ingest.sources.fetching.walk", walked)
    report = run_json(folder, "ingest", expect=1)
    assert (report["deleted"], report["unchanged"]) == (0, 1)
    assert "one.md" in paths_found(folder, "restart the broker")


def test_an_error_of_one_source_is_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_json(folder, "ingest")
    write_page(folder / "b/two.md", "proxy", acl="team:a")

    def broken(root: Path, files: set[str]) -> object:
        if root.name == "a":
            raise OverflowError("year 33658 is out of range")
        return file_revisions(root, files)

    monkeypatch.setattr("ingest.runs.source_files.file_revisions", broken)
    report = run_json(folder, "ingest", expect=1)
    assert report["updated"] == 1
    assert report["unreachable"] == [
        "a: it failed (OverflowError); see the log; what was indexed before keeps serving"
    ]


def test_a_full_ingest_without_one_of_its_sources_does_not_serve(folder: Path) -> None:
    run_json(folder, "ingest")
    config = folder / "runbook.toml"
    config.write_text(f"{TWO}\n[chunking]\nmax_tokens = 128\n", encoding="utf-8")
    (folder / "a").rename(folder / "away")
    run_json(folder, "ingest", "--full", expect=1)
    assert run_json(folder, "index", "list")["promotions"] == []
    (folder / "away").rename(folder / "a")
    run_json(folder, "ingest", "--full")
    [promoted] = run_json(folder, "index", "list")["promotions"]
    assert promoted["generation"] == 2


def test_an_ignore_file_that_is_not_understood_publishes_nothing(folder: Path) -> None:
    """What serves goes on serving, to no more readers than it names now."""
    for path in ("sub/kept.md", "sub/drafts/secret.md"):
        write_page(folder / "a" / path, "crane", acl="team:a, team:b")
    rules = folder / "a/sub/.runbookignore"
    rules.write_text("drafts/\n", encoding="utf-8")
    run_json(folder, "ingest")
    rules.write_bytes("# für später\ndrafts/\n".encode("latin-1"))
    write_page(folder / "a/sub/kept.md", "crane", acl="team:b")
    write_page(folder / "a/sub/new.md", "crane")
    report = run_json(folder, "ingest", expect=3)
    assert [item["path"] for item in report["quarantined"]] == ["sub/.runbookignore"]
    assert (report["added"], report["deleted"]) == (0, 0)
    found = paths_found(folder, "restart the crane", "--as", "team:b")
    assert {path for path in found if path.startswith("sub/")} == {"sub/kept.md"}
    assert "sub/kept.md" not in paths_found(folder, "restart the crane", "--as", "team:a")
    rules.write_text("drafts/\n", encoding="utf-8")
    report = run_json(folder, "ingest", "a/sub")
    assert (report["added"], report["updated"]) == (1, 1)
    assert run(folder, "doctor").stdout.count("sub/.runbookignore") == 0


def test_a_commit_of_an_impossible_time_holds_nothing_up(folder: Path) -> None:
    identity = ("-c", "user.email=a@example.com", "-c", "user.name=A")
    dates = {f"GIT_{who}_DATE": "@999999999999 +0000" for who in ("AUTHOR", "COMMITTER")}
    for arguments in (["init", "-q"], ["add", "a"], ["commit", "-qm", "late"]):
        subprocess.run(
            ["git", *identity, *arguments], cwd=folder, check=True, env={**os.environ, **dates}
        )
    assert run_json(folder, "ingest")["added"] == 2
