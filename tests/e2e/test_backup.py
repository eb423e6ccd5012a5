"""`runbook backup` and `restore`: the whole truth in one file, taken while serving."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.inprocess import paths_found, run, run_json
from tests.serving import service_over

CONFIG = '[[sources]]\nname = "docs"\npath = "docs"\nacl = ["public"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for word in ("broker", "proxy", "cache"):
        page = tmp_path / "docs" / f"{word}.md"
        page.write_text(f"# About {word}\n\nRestart the {word}.\n", encoding="utf-8")
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    run_json(tmp_path, "ingest")
    return tmp_path


def test_what_was_backed_up_is_all_there_in_another_place(folder: Path, tmp_path: Path) -> None:
    run_json(folder, "keys", "create", "--name", "t", "--group", "team:a", "--right", "index")
    (folder / ".runbook" / "prompts.json").write_text("{}", encoding="utf-8")
    done = run(folder, "backup", "saved.tar")
    assert done.returncode == 0, done.stderr
    assert (folder / "saved.tar").stat().st_mode & 0o077 == 0
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "saved.tar", other)
    done = run(other, "restore", "saved.tar")
    assert done.returncode == 0, done.stderr
    assert "3 chunks" in done.stdout
    assert (other / "runbook.toml").read_text(encoding="utf-8") == CONFIG
    assert (other / ".runbook" / "prompts.json").read_text(encoding="utf-8") == "{}"
    assert paths_found(other, "restart the cache", "--mode", "dense")[0] == "cache.md"
    assert run_json(other, "index", "verify")["problems"] == []
    [key] = run_json(other, "keys", "list")
    assert (key["groups"], key["rights"]) == (["team:a"], ["index"])


def test_a_key_that_was_revoked_since_stays_revoked(folder: Path) -> None:
    made = run_json(folder, "keys", "create", "--name", "t", "--group", "team:a")
    run(folder, "backup", "saved.tar")
    run(folder, "keys", "revoke", made["id"])
    assert run(folder, "restore", "saved.tar", "--force").returncode == 0
    [key] = run_json(folder, "keys", "list")
    assert key["revoked_at"]


def test_a_configuration_of_another_name_is_backed_up_too(folder: Path, tmp_path: Path) -> None:
    (folder / "runbook.toml").rename(folder / "other.toml")
    done = run(folder, "--config", "other.toml", "backup", "saved.tar")
    assert done.returncode == 0, done.stderr
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "saved.tar", other)
    assert run(other, "restore", "saved.tar").returncode == 0
    assert (other / "runbook.toml").read_text(encoding="utf-8") == CONFIG


def test_a_catalog_without_an_index_or_a_key_is_not_worth_a_backup(tmp_path: Path) -> None:
    run_json(tmp_path, "keys", "list")
    assert (tmp_path / ".runbook" / "catalog.db").exists()
    done = run(tmp_path, "backup", "saved.tar")
    assert done.returncode == 2
    assert "nothing to back up" in done.stderr
    assert not (tmp_path / "saved.tar").exists()
    run_json(tmp_path, "keys", "create", "--name", "t", "--group", "team:a")
    assert run(tmp_path, "backup", "saved.tar").returncode == 0


def test_nothing_is_overwritten_unasked(folder: Path) -> None:
    run(folder, "backup", "saved.tar")
    assert run(folder, "backup", "saved.tar").returncode == 2
    (folder / "docs/broker.md").unlink()
    run_json(folder, "ingest")
    refused = run(folder, "restore", "saved.tar")
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert "broker.md" not in paths_found(folder, "restart the broker")
    assert run(folder, "restore", "saved.tar", "--force").returncode == 0
    assert paths_found(folder, "restart the broker", "--mode", "dense")[0] == "broker.md"


def changed(saved: Path, name: str, data: bytes | None) -> None:
    """The same backup with another content for one of its files, or without it."""
    with tarfile.open(saved) as archive:
        files = {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]  # all are files
    if data is None:
        del files[name]
    else:
        files[name] = data
    with tarfile.open(saved, "w") as archive:
        for member, content in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def manifest_with(saved: Path, **fields: Any) -> bytes:
    with tarfile.open(saved) as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]  # it is a file
    return json.dumps({**manifest, **fields}).encode()


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("damaged", 1, "catalog.db is damaged"),
        ("missing", 1, "catalog.db is missing"),
        ("newer", 2, "which is newer"),
        ("outside", 2, "no backup of this program"),
        ("no manifest", 2, "no backup of this program"),
    ],
)
def test_a_backup_that_is_not_whole_changes_nothing(
    folder: Path, how: str, code: int, message: str
) -> None:
    saved = folder / "saved.tar"
    run(folder, "backup", str(saved))
    if how in ("damaged", "missing"):
        changed(saved, "catalog.db", b"half of it" if how == "damaged" else None)
    elif how == "newer":
        changed(saved, "manifest.json", manifest_with(saved, schema="9999"))
    elif how == "outside":
        changed(saved, "manifest.json", manifest_with(saved, files={"../../x": "0"}))
    else:
        changed(saved, "manifest.json", None)
    done = run(folder, "restore", str(saved), "--force")
    assert done.returncode == code
    assert message in done.stderr
    assert paths_found(folder, "restart the cache")[0] == "cache.md"


def test_a_backup_while_serving_is_one_moment(tmp_path: Path) -> None:
    """Whatever moment it is: what the catalog says agrees, and nothing is refused meanwhile."""
    files = {f"{n}.md": f"---\nacl: [public]\n---\n# P{n}\n\nshard{n} one.\n" for n in range(30)}
    serving = tmp_path / "serving"
    with service_over(serving, files) as service:
        key = service.key("x", rights=("search", "admin"))
        stop = threading.Event()

        def change() -> None:
            turn = 0
            while not stop.is_set():
                turn += 1
                for number in range(0, 30, 3):
                    page = serving / "docs" / f"{number}.md"
                    page.write_text(f"---\nacl: [public]\n---\n# P\n\nturn {turn}.\n", "utf-8")
                service.post(key, "/v1/reindex", {})
                stop.wait(0.1)

        writer = threading.Thread(target=change)
        writer.start()
        try:
            (serving / "runbook.toml").write_text(CONFIG, encoding="utf-8")
            for number in range(3):
                assert run(serving, "backup", f"saved-{number}.tar").returncode == 0
                assert service.post(key, "/v1/search", {"query": "turn"}).status_code == 200
        finally:
            stop.set()
            writer.join()
        refused = run(serving, "restore", "saved-0.tar", "--force")
        assert refused.returncode == 1
        assert "in use" in refused.stderr
    for number in range(3):
        other = tmp_path / f"other-{number}"
        other.mkdir()
        assert run(other, "restore", str(serving / f"saved-{number}.tar")).returncode == 0
        assert run_json(other, "index", "verify")["problems"] == []
        assert len(paths_found(other, "one", "-k", "100")) >= 20
