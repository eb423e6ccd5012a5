"""Finding and reading files, inside the root and nowhere else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ingest.sources.files import FileUnsettled, FileVanished, read_file
from ingest.sources.walk import walk
from rag.errors import ConfigurationError, QuarantineError

MARKDOWN = frozenset({".md"})


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("text\n", encoding="utf-8")


def test_files_are_found_by_suffix_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a/c.MD", "a/d.txt", ".hidden.md", ".git/x.md", "node_modules/y.md")
    write(tmp_path, "with space/é 名.md")
    assert walk(tmp_path, MARKDOWN).files == ("a/c.MD", "b.md", "with space/é 名.md")


def test_a_scope_narrows_to_a_file_or_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "a/x.md", "a/b/y.md", "ab/z.md", "c.md")
    assert walk(tmp_path, MARKDOWN, "a").files == ("a/b/y.md", "a/x.md")
    assert walk(tmp_path, MARKDOWN, "a/b/y.md").files == ("a/b/y.md",)


def test_ignore_files_work_as_in_git(tmp_path: Path) -> None:
    write(tmp_path, "draft-a.md", "keep.md", "old/x.md", "sub/draft-b.md", "sub/secret/s.md")
    (tmp_path / ".runbookignore").write_text("draft-*.md\nold/\n", encoding="utf-8")
    (tmp_path / "sub/.runbookignore").write_text("!draft-b.md\nsecret/\n", encoding="utf-8")
    assert walk(tmp_path, MARKDOWN).files == ("keep.md", "sub/draft-b.md")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("# für später\ndrafts/\n".encode("latin-1"), "line 1: not UTF-8"),
        (b"drafts/\n!\n", "line 2: not a pattern"),
        (b"a\\\n", "line 1: not a pattern"),
        (b"drafts/\n\n[z-a]\n", "line 3: not a pattern"),
        (b"drafts/\n" * 10_000, "over 64 KiB"),
    ],
)
def test_a_folder_whose_ignore_file_is_not_understood_is_unreadable(
    tmp_path: Path, rules: bytes, message: str
) -> None:
    write(tmp_path, "a.md", "sub/b.md", "sub/drafts/c.md")
    (tmp_path / "sub/.runbookignore").write_bytes(rules)
    found = walk(tmp_path, MARKDOWN)
    assert found.files == ("a.md",)
    assert found.unreadable == {"sub"}
    [problem] = found.problems
    assert problem.path == "sub/.runbookignore"
    assert problem.reason.startswith(message)
    assert walk(tmp_path, MARKDOWN, "sub/b.md").files == ()


@pytest.mark.parametrize("target", ["/dev/zero", "../outside", "nowhere", "."])
def test_an_ignore_file_is_never_read_from_outside(tmp_path: Path, target: str) -> None:
    root = tmp_path / "root"
    write(root, "a.md")
    (tmp_path / "outside").write_text("*.txt\n", encoding="utf-8")
    (root / ".runbookignore").symlink_to(target)
    found = walk(root, MARKDOWN)
    assert found.files == ()
    assert found.unreadable == {""}


def test_an_ignore_file_may_be_a_link_within_the_source(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.md")
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data/ignore").write_text("b.md\n", encoding="utf-8")
    (tmp_path / ".runbookignore").symlink_to("..data/ignore")
    assert walk(tmp_path, MARKDOWN).files == ("a.md",)


def test_a_time_that_no_calendar_reaches_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.md")
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        return os.stat_result((*real(descriptor)[:8], 999_999_999_999, 0))

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(QuarantineError, match="modification time"):
        read_file(tmp_path, "a.md", 1000)


def test_a_root_that_is_not_there_is_an_error_not_an_empty_source(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a folder"):
        walk(tmp_path / "nowhere", MARKDOWN)


def test_links_never_lead_out_or_around(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, "real.md", "folder/x.md")
    write(tmp_path, "outside.md")
    (root / "inside.md").symlink_to(root / "real.md")
    (root / "out.md").symlink_to(tmp_path / "outside.md")
    (root / "loop-a.md").symlink_to(root / "loop-b.md")
    (root / "loop-b.md").symlink_to(root / "loop-a.md")
    (root / "dangling.md").symlink_to(root / "nothing.md")
    (root / "circle").symlink_to(root, target_is_directory=True)
    found = walk(root, MARKDOWN)
    assert found.files == ("folder/x.md", "inside.md", "real.md")
    reasons = {problem.path: problem.reason for problem in found.problems}
    assert set(reasons) == {"out.md", "loop-a.md", "loop-b.md", "dangling.md"}
    assert "out of the source" in reasons["out.md"]
    assert "loop" in reasons["loop-a.md"]
    assert "circle" not in reasons  # its files are indexed where they are
    with pytest.raises(QuarantineError, match="out of the source"):
        read_file(root, "out.md", 1000)


def test_a_folder_that_cannot_be_read_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.md", "locked/b.md")
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = walk(tmp_path, MARKDOWN)
    assert found.files == ("a.md",)
    assert found.unreadable == {"locked"}
    assert "Permission denied" in found.problems[0].reason


def test_a_folder_that_vanishes_during_the_walk_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.md", "gone/b.md")
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "gone":
            raise FileNotFoundError(2, "No such file or directory")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = walk(tmp_path, MARKDOWN)
    assert (found.files, found.problems, found.unreadable) == (("a.md",), (), frozenset())


def test_a_name_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/bad\xff.md", "wb") as file:  # noqa: PTH123 - bytes path
        file.write(b"text")
    found = walk(tmp_path, MARKDOWN)
    assert found.files == ()
    assert "not UTF-8" in found.problems[0].reason


def test_a_file_over_the_limit_is_refused_by_size(tmp_path: Path) -> None:
    (tmp_path / "big.md").write_bytes(b"x" * 3000)
    with pytest.raises(QuarantineError, match="max_file_mib"):
        read_file(tmp_path, "big.md", 2999)
    assert len(read_file(tmp_path, "big.md", 3000).data) == 3000


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(QuarantineError, match="not a regular file"):
        read_file(tmp_path, "pipe.md", 1000)


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
        if str(path).endswith("locked.md"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)


@pytest.mark.usefixtures("locked")
def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "locked.md")
    with pytest.raises(QuarantineError, match="Permission denied"):
        read_file(tmp_path, "locked.md", 1000)


def test_a_file_that_is_gone_has_vanished(tmp_path: Path) -> None:
    with pytest.raises(FileVanished):
        read_file(tmp_path, "gone.md", 1000)


def test_a_file_that_was_written_to_just_now_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Half", encoding="utf-8")
    with pytest.raises(FileUnsettled):
        read_file(tmp_path, "page.md", 1000, settle=60)
    an_hour_ago = time.time() - 3600
    os.utime(page, (an_hour_ago, an_hour_ago))
    assert read_file(tmp_path, "page.md", 1000, settle=60).data == b"# Half"
    ahead = time.time() + 3600
    os.utime(page, (ahead, ahead))
    assert read_file(tmp_path, "page.md", 1000, settle=60).data == b"# Half"


def test_a_linked_folder_is_reported_only_where_its_files_are_not_indexed(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    for folder in ("v2", ".hidden", "drafts"):
        (root / folder).mkdir(parents=True)
        (root / folder / "a.md").write_text("x", encoding="utf-8")
    (root / ".runbookignore").write_text("drafts/\n", encoding="utf-8")
    (tmp_path / "outside").mkdir()
    for name, target in (("latest", "v2"), ("secret", ".hidden"), ("next", "drafts")):
        (root / name).symlink_to(target, target_is_directory=True)
    (root / "out").symlink_to(tmp_path / "outside", target_is_directory=True)
    walked = walk(root, frozenset({".md"}))
    assert walked.files == ("v2/a.md",)
    assert sorted(problem.path for problem in walked.problems) == ["next", "out", "secret"]
