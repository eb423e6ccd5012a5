"""Sources that are git repositories elsewhere: fetched, never asking, never telling."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.sources.git_source import GitCheckout
from rag.errors import StoreError
from tests.inprocess import paths_found, run, run_json

TOKEN = "tok-0123456789"


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.email=a@example.com", "-c", "user.name=A")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(work: Path, **pages: str | None) -> None:
    for name, word in pages.items():
        place = work / "ops" / f"{name}.md"
        place.parent.mkdir(exist_ok=True)
        if word is None:
            place.unlink()
        else:
            place.write_text(f"# About {word}\n\nRestart the {word}.\n", encoding="utf-8")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "change")
    git(work, "push", "-q", "origin", "HEAD")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A clone of a bare repository, whose branch `live` is the source."""
    bare, made = tmp_path / "bare.git", tmp_path / "work"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(tmp_path, "clone", "-q", str(bare), str(made))
    git(made, "checkout", "-q", "-b", "live")
    (made / "README.md").write_text("# Outside\n\nNot in the subfolder.\n", encoding="utf-8")
    commit(made, a="broker", b="proxy")
    return made


@pytest.fixture
def folder(tmp_path: Path, work: Path) -> Path:
    made = tmp_path / "service"
    made.mkdir()
    (made / "runbook.toml").write_text(
        f'[[sources]]\nname = "ops"\ngit = "file://{tmp_path}/bare.git"\nbranch = "live"\n'
        'subfolder = "ops"\nacl = ["public"]\n[ingest]\ngit_protocols = ["file"]\n',
        encoding="utf-8",
    )
    return made


def test_a_branch_and_a_subfolder_are_kept_up_to_date(folder: Path, work: Path) -> None:
    assert run_json(folder, "ingest")["added"] == 2
    assert paths_found(folder, "restart the broker")[0] == "a.md"
    commit(work, a="turbine", b=None, c="gateway")
    assert run_json(folder, "ingest")["unchanged"] == 2  # it fetches when it is asked to
    report = run_json(folder, "ingest", "--source", "ops", "--git-pull")
    assert (report["added"], report["updated"], report["deleted"]) == (1, 1, 1)
    git(work, "reset", "-q", "--hard", "HEAD~1")
    git(work, "push", "-q", "--force", "origin", "HEAD")
    assert run_json(folder, "ingest", "--git-pull")["deleted"] == 1
    assert paths_found(folder, "restart the broker")[0] == "a.md"


def test_a_repository_that_is_away_serves_what_was_fetched(folder: Path, tmp_path: Path) -> None:
    run_json(folder, "ingest")
    (tmp_path / "bare.git").rename(tmp_path / "away.git")
    done = run(folder, "ingest", "--git-pull")
    assert done.returncode == 1
    assert "not reached  ops: git fetch" in done.stderr
    assert paths_found(folder, "restart the broker")[0] == "a.md"
    (tmp_path / "away.git").rename(tmp_path / "bare.git")
    assert run_json(folder, "ingest", "--git-pull")["unchanged"] == 2


def test_what_a_killed_git_left_does_not_hold_up_the_next(folder: Path, work: Path) -> None:
    run_json(folder, "ingest")
    inside = folder / ".runbook/sources/ops/.git"
    for lock in ("index.lock", "HEAD.lock", "shallow.lock", "refs/remotes/source/live.lock"):
        (inside / lock).write_bytes(b"")
    commit(work, a="turbine")
    assert run_json(folder, "ingest", "--git-pull")["updated"] == 1
    (inside / "HEAD").unlink()
    commit(work, a="dynamo")
    assert run_json(folder, "ingest", "--git-pull")["updated"] == 1


def test_a_subfolder_that_is_not_there_is_reported(folder: Path) -> None:
    config = folder / "runbook.toml"
    config.write_text(config.read_text("utf-8").replace('"ops"\nacl', '"nowhere"\nacl'))
    done = run(folder, "ingest")
    assert done.returncode == 1
    assert "not a folder" in done.stderr


def test_a_protocol_that_is_not_allowed_is_not_spoken(folder: Path) -> None:
    config = folder / "runbook.toml"
    config.write_text(config.read_text("utf-8").replace('["file"]', '["https"]'), encoding="utf-8")
    done = run(folder, "ingest")
    assert done.returncode == 1
    assert "not allowed" in done.stderr


def test_nothing_of_a_repository_runs(folder: Path, work: Path, tmp_path: Path) -> None:
    """Neither hooks nor filters nor submodules of whoever can push."""
    touched = tmp_path / "touched"
    (work / ".gitattributes").write_text("*.md filter=evil\n", encoding="utf-8")
    (work / ".gitmodules").write_text(
        f'[submodule "x"]\n\tpath = x\n\turl = file://{tmp_path}/bare.git\n', encoding="utf-8"
    )
    commit(work, d="dynamo")
    run_json(folder, "ingest")
    hooks = folder / ".runbook" / "sources" / "ops" / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction"):
        hook = hooks / name
        hook.write_text(f"#!/bin/sh\ntouch {touched}\n", encoding="utf-8")
        hook.chmod(0o755)
    commit(work, e="engine")
    run_json(folder, "ingest", "--git-pull")
    assert not touched.exists()
    assert not (folder / ".runbook/sources/ops/x").exists()


class Gate(BaseHTTPRequestHandler):
    """A forge that lets nobody in, and remembers what it was shown."""

    shown: list[str]

    def do_GET(self) -> None:
        self.shown.append(self.headers.get("Authorization", ""))
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b"denied: " + self.headers.get("Authorization", "").encode())

    def log_message(self, format: str, *arguments: object) -> None: ...


@pytest.fixture
def forge() -> Iterator[str]:
    Gate.shown = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_credentials_reach_the_forge_and_nobody_else(forge: str, tmp_path: Path) -> None:
    checkout = GitCheckout(
        f"{forge}/ops.git", "main", tmp_path / "made", TOKEN, protocols=("http",)
    )
    with pytest.raises(StoreError) as failed:
        checkout.pull()
    basic = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert f"Basic {basic}" in Gate.shown
    for secret in (TOKEN, basic):
        assert secret not in str(failed.value)
        assert secret not in repr(checkout)
        config = (tmp_path / "made" / ".git" / "config").read_text(encoding="utf-8")
        assert secret not in config


def test_credentials_come_from_the_environment_alone(folder: Path) -> None:
    config = folder / "runbook.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace('branch = "live"', 'branch = "live"\ncredentials_env = "OPS_T"'))
    done = run(folder, "ingest")
    assert done.returncode == 2
    assert "OPS_T is not set" in done.stderr
    config.write_text('[[sources]]\nname = "x"\ngit = "https://user:secret@example.com/x.git"\n')
    done = run(folder, "ingest")
    assert done.returncode == 2
    assert "secret" not in done.stderr
