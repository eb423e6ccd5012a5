"""Changes of who may read are committed before anything of a run can fail."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import tests.inprocess
from rag.errors import ModelError
from tests.fakes import HashingEmbedder
from tests.inprocess import paths_found, run, run_json

CONFIG = """
[[sources]]
name = "docs"
path = "docs"
acl = ["team:a", "team:b"]
"""
Failure = Callable[[Path], AbstractContextManager[None]]


def write(place: Path, text: str = "Restart the broker.", acl: str | None = None) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    head = "" if acl is None else f"---\nacl: [{acl}]\n---\n"
    place.write_text(f"{head}# Broker\n\n{text}\n", encoding="utf-8")


def rules(folder: Path, acl: str) -> None:
    (folder / ".runbook-acl.yaml").write_text(f"acl: [{acl}]\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "docs/own.md", "own broker", acl="team:a, team:b")
    write(tmp_path / "docs/ruled/page.md", "ruled broker")
    write(tmp_path / "docs/plain.md", "plain broker")
    rules(tmp_path / "docs/ruled", "team:a, team:b")
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    run_json(tmp_path, "ingest")
    return tmp_path


def readable(folder: Path, tag: str) -> set[str]:
    return set(paths_found(folder, "broker", "--as", tag, "--mode", "lexical"))


ALL = {"own.md", "ruled/page.md", "plain.md"}


@contextmanager
def vectors_unusable(folder: Path) -> Iterator[None]:
    vectors = folder / ".runbook/vectors"
    shutil.rmtree(vectors)
    vectors.write_text("a file where the folder of the vectors should be", encoding="utf-8")
    yield
    vectors.unlink()


@contextmanager
def model_missing(_: Path) -> Iterator[None]:
    class Missing(HashingEmbedder):
        @property
        def fingerprint(self) -> str:  # type: ignore[override]  # a model that is not there
            raise ModelError("the model is not installed")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tests.inprocess, "hashing_embedder", lambda _: Missing())
        yield


@contextmanager
def other_settings(folder: Path) -> Iterator[None]:
    config = folder / "runbook.toml"
    before = config.read_text(encoding="utf-8")
    config.write_text(f"{before}\n[chunking]\nmax_tokens = 128\n", encoding="utf-8")
    yield
    config.write_text(config.read_text(encoding="utf-8").replace("max_tokens = 128", ""))


FAILURES = [vectors_unusable, model_missing, other_settings]


def narrow_front_matter(folder: Path) -> None:
    write(folder / "docs/own.md", "own broker", acl="team:a")


def narrow_rule_file(folder: Path) -> None:
    rules(folder / "docs/ruled", "team:a")


def add_rule_file(folder: Path) -> None:
    rules(folder / "docs", "team:a")


def add_front_matter(folder: Path) -> None:
    write(folder / "docs/plain.md", "plain broker", acl="team:a")


def narrow_source(folder: Path) -> None:
    config = folder / "runbook.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('"team:a", "team:b"', '"team:a"'), encoding="utf-8")


def delete_file(folder: Path) -> None:
    (folder / "docs/own.md").unlink()


def move_to_fewer_readers(folder: Path) -> None:
    (folder / "docs/private").mkdir()
    rules(folder / "docs/private", "team:a")
    (folder / "docs/plain.md").rename(folder / "docs/private/plain.md")


def remove_source(folder: Path) -> None:
    (folder / "empty").mkdir()
    config = folder / "runbook.toml"
    text = config.read_text(encoding="utf-8")
    text = text.replace('name = "docs"\npath = "docs"', 'name = "other"\npath = "empty"')
    config.write_text(text, encoding="utf-8")


CHANGES: list[tuple[Callable[[Path], None], set[str]]] = [
    (narrow_front_matter, {"own.md"}),
    (narrow_rule_file, {"ruled/page.md"}),
    (add_rule_file, {"plain.md"}),
    (add_front_matter, {"plain.md"}),
    (narrow_source, {"plain.md"}),
    (delete_file, {"own.md"}),
    (move_to_fewer_readers, {"plain.md"}),
    (remove_source, ALL),
]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(("change", "lost"), CHANGES)
def test_readers_are_lost_whatever_else_of_the_run_fails(
    folder: Path,
    change: Callable[[Path], None],
    lost: set[str],
    failure: Failure,
) -> None:
    assert readable(folder, "team:b") == ALL
    with failure(folder):
        change(folder)
        assert run(folder, "ingest").returncode in (1, 2)
        assert readable(folder, "team:b") == ALL - lost
        assert readable(folder, "team:a") >= ALL - lost
    assert run(folder, "ingest").returncode == 0
    assert not readable(folder, "team:b") & lost
    assert run_json(folder, "index", "verify")["problems"] == []


def test_no_reader_is_gained_before_the_new_version_serves(folder: Path) -> None:
    with vectors_unusable(folder):
        write(folder / "docs/own.md", "own broker", acl="team:c")
        rules(folder / "docs/ruled", "team:c")
        assert run(folder, "ingest").returncode == 1
        assert readable(folder, "team:c") == set()
        assert readable(folder, "team:a") == {"plain.md"}
    run_json(folder, "ingest")
    assert readable(folder, "team:c") == {"own.md", "ruled/page.md"}


def test_nothing_is_deleted_first_where_nothing_is_to_be_deleted(folder: Path) -> None:
    delete_file(folder)
    assert run_json(folder, "ingest", "--no-prune")["deleted"] == 0
    assert readable(folder, "team:b") == ALL
    assert run_json(folder, "ingest")["deleted"] == 1


def test_a_folder_that_is_not_mounted_keeps_its_readers_but_for_those_of_its_source(
    folder: Path,
) -> None:
    (folder / "docs").rename(folder / "away")
    assert run(folder, "ingest").returncode == 1
    assert readable(folder, "team:b") == ALL
    narrow_source(folder)
    assert run(folder, "ingest").returncode == 1
    assert readable(folder, "team:b") == ALL - {"plain.md"}
    (folder / "away").rename(folder / "docs")
    run_json(folder, "ingest")
    assert readable(folder, "team:a") == ALL


def test_a_moved_file_is_found_throughout(folder: Path) -> None:
    """Its old path serves until the new one does."""
    with vectors_unusable(folder):
        (folder / "docs/plain.md").rename(folder / "docs/renamed.md")
        assert run(folder, "ingest").returncode == 1
        assert readable(folder, "team:b") == ALL
    report = run_json(folder, "ingest")
    assert (report["added"], report["deleted"]) == (1, 1)
    assert readable(folder, "team:b") == {"own.md", "ruled/page.md", "renamed.md"}


def test_a_quarantined_document_loses_the_readers_that_its_file_no_longer_names(
    folder: Path,
) -> None:
    text = "---\nacl: [team:a]\nlast_reviewed: never\n---\n# Broker\n\nown broker\n"
    (folder / "docs/own.md").write_text(text, encoding="utf-8")
    run(folder, "ingest")
    assert readable(folder, "team:b") == ALL - {"own.md"}
    assert readable(folder, "team:a") == ALL
    assert run_json(folder, "index", "verify")["problems"] == []


def test_the_audit_log_says_who_lost_access(folder: Path) -> None:
    narrow_rule_file(folder)
    with vectors_unusable(folder):
        run(folder, "ingest")
    lines = (folder / ".runbook/audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert '"acl_before": ["team:a", "team:b"], "acl_after": ["team:a"]' in lines[-1]
