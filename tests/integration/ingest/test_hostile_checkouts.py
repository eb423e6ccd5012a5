"""Whatever a checkout's configuration names, reading it runs no command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.eval_diff import _checkout as base_of_eval_diff
from ingest.sources.git_checkout import find_checkout
from ingest.sources.git_history import file_revisions, last_commit
from ingest.sources.git_source import GitCheckout
from rag.errors import ConfigurationError, StoreError
from tests.inprocess import run

# Configuration by which git runs a command: `{trap}` is one that leaves a marker.
# "promisor" makes it a partial clone that lacks objects.
SETTINGS: dict[str, tuple[tuple[str, str] | str, ...]] = {
    "filter.clean": (("filter.evil.clean", "{trap}"), ("filter.evil.required", "true")),
    "filter.smudge": (("filter.evil.smudge", "{trap}"),),
    "filter.process": (("filter.evil.process", "{trap}"),),
    "fsmonitor": (("core.fsmonitor", "{trap}"),),
    "hooksPath": (("core.hooksPath", "{folder}"),),
    "pager": (("core.pager", "{trap}"), ("pager.log", "{trap}"), ("pager.ls-tree", "true")),
    "editor": (("core.editor", "{trap}"), ("sequence.editor", "{trap}")),
    "askPass": (("core.askPass", "{trap}"), ("credential.helper", "!{trap}")),
    "external diff": (("diff.external", "{trap}"), ("diff.evil.command", "{trap}")),
    "textconv": (("diff.evil.textconv", "{trap}"), ("diff.evil.cachetextconv", "true")),
    "merge driver": (("merge.evil.driver", "{trap}"),),
    "signature": (
        *(("log.showSignature", "true"), ("gpg.program", "{trap}")),
        *(("gpg.ssh.program", "{trap}"), ("gpg.x509.program", "{trap}")),
    ),
    "alias": (("alias.log", "!{trap}"), ("alias.ls-tree", "!{trap}"), ("alias.x", "!{trap}")),
    "include": (("include.path", "{folder}/included"),),
    "includeIf": (("includeIf.gitdir:/.path", "{folder}/included"),),
    "sshCommand": (*(("core.sshCommand", "{trap}"), ("remote.o.url", "ssh://h/x")), "promisor"),
    "ext": (
        *(("remote.o.url", "ext::{trap}"), ("protocol.ext.allow", "always")),
        "promisor",
    ),
    "uploadpack": (
        *(("remote.o.url", "file:///nowhere"), ("remote.o.uploadpack", "{trap}")),
        "promisor",
    ),
    "gitProxy": (("core.gitProxy", "{trap}"), ("remote.o.url", "git://h/x"), "promisor"),
    "packObjectsHook": (("uploadpack.packObjectsHook", "{trap}"),),
    "alternateRefsCommand": (("core.alternateRefsCommand", "{trap}"),),
    "worktree config": (("extensions.worktreeConfig", "true"),),
    "interactive.diffFilter": (("interactive.diffFilter", "{trap}"),),
    "sendemail": (("sendemail.tocmd", "{trap}"), ("web.browser", "evil"), ("man.viewer", "{trap}")),
    "tools": (("difftool.x.cmd", "{trap}"), ("mergetool.x.cmd", "{trap}"), ("diff.tool", "x")),
    "submodule": (("submodule.sub.update", "!{trap}"), ("submodule.recurse", "true")),
    "trailer": (("trailer.x.command", "{trap}"), ("trailer.x.cmd", "{trap}")),
}
# The commands that a program would run to learn the same, each of which springs some of the traps.
PLAIN = (
    ("status",),
    ("diff", "HEAD"),
    ("log", "-p", "-1"),
    ("ls-files",),
    ("checkout", "-f", "HEAD", "--", "."),
)
SPRUNG_BY_PLAIN_GIT = {
    *("filter.clean", "filter.process", "fsmonitor", "external diff", "textconv", "include"),
    *("sshCommand", "ext"),
}


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    identity = ("-c", "user.email=a@example.com", "-c", "user.name=A", "-c", "commit.gpgSign=false")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        check=check,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_TERMINAL_PROMPT": "0"},
    )
    return done.stdout.strip()


class Hostile:
    """A checkout with a trap, whose page `a.md` was edited after its commit."""

    def __init__(self, folder: Path, setting: str) -> None:
        self.top = folder / "kb"
        self.marker = folder / "MARKER"
        self.top.mkdir()
        git(self.top, "init", "-q", "-b", "main")
        (self.top / ".gitattributes").write_text("*.md filter=evil diff=evil merge=evil\n")
        (self.top / "a.md").write_text("# Broker\n\nRestart it.\n", encoding="utf-8")
        (self.top / "b.md").write_text("# Proxy\n\nRestart it.\n", encoding="utf-8")
        git(self.top, "add", "-A")
        git(self.top, "commit", "-qm", "x")
        self.head = git(self.top, "rev-parse", "HEAD")
        self._arm(folder, setting)
        (self.top / "a.md").write_text("# Broker\n\nDrain it.\n", encoding="utf-8")

    def _arm(self, folder: Path, setting: str) -> None:
        traps = folder / "traps"
        traps.mkdir()
        script = f"#!/bin/sh\ntouch {self.marker}\nexit 1\n"
        trap = traps / "trap"
        names = (
            "post-checkout",
            "post-index-change",
            "reference-transaction",
            "fsmonitor-watchman",
        )
        for name in ("trap", *names):
            (traps / name).write_text(script, encoding="utf-8")
            (traps / name).chmod(0o755)
        included = f"[core]\n\tfsmonitor = {trap}\n[diff]\n\texternal = {trap}\n"
        (traps / "included").write_text(included, encoding="utf-8")
        if setting == "worktree config":
            (self.top / ".git/config.worktree").write_text(included, encoding="utf-8")
        if "promisor" in SETTINGS[setting]:
            blob = git(self.top, "rev-parse", "HEAD:a.md")
            tree = git(self.top, "rev-parse", "HEAD^{tree}")
            for lost in (blob, tree):
                (self.top / ".git/objects" / lost[:2] / lost[2:]).unlink()
            for key, value in (
                *(("core.repositoryformatversion", "1"), ("extensions.partialClone", "o")),
                ("remote.o.promisor", "true"),
            ):
                git(self.top, "config", key, value)
        for one in SETTINGS[setting]:
            if isinstance(one, tuple):
                value = one[1].format(trap=trap, folder=traps)
                git(self.top, "config", "--add", one[0], value)

    def is_sprung(self) -> bool:
        return self.marker.exists()


def revisions(hostile: Hostile) -> None:
    file_revisions(hostile.top)


def folder_date(hostile: Hostile) -> None:
    last_commit(hostile.top)


def worktree(hostile: Hostile) -> None:
    """A linked worktree, made by hand: to make one by git would spring the trap."""
    linked = hostile.top.parent / "linked"
    inside = hostile.top / ".git/worktrees/linked"
    linked.mkdir()
    inside.mkdir(parents=True)
    (linked / ".git").write_text(f"gitdir: {inside}\n")
    (inside / "commondir").write_text("../..\n")
    (inside / "HEAD").write_text("ref: refs/heads/main\n")
    (linked / "a.md").write_text("# Broker\n\nDrain it.\n", encoding="utf-8")
    found = find_checkout(linked)
    assert found is not None
    assert found.head == hostile.head
    file_revisions(linked)


def base_of_a_diff(hostile: Hostile) -> None:
    try:
        with base_of_eval_diff(hostile.top, "main"):
            pass
    except ConfigurationError:
        pass  # objects that are missing


def fetched(hostile: Hostile) -> None:
    """Somebody got to write the configuration of the repository that this program fetches into."""
    folder = hostile.top.parent / "fetched"
    (folder / ".git").mkdir(parents=True)
    for name in ("config", "HEAD"):
        (folder / ".git" / name).write_bytes((hostile.top / ".git" / name).read_bytes())
    source = GitCheckout(f"file://{hostile.top}", "main", folder, protocols=("file",))
    # The remote is a repository of somebody who is trusted with its own upload-pack: a bare one.
    bare = hostile.top.parent / "bare.git"
    if not bare.exists():
        bare.mkdir()
        for name in ("HEAD", "objects", "refs"):
            (bare / name).symlink_to(hostile.top / ".git" / name)
        (bare / "config").write_text("[core]\n\tbare = true\n")
    source = GitCheckout(f"file://{bare}", "main", folder, protocols=("file",))
    try:
        source.pull()
    except StoreError:
        return  # objects that are missing
    assert (folder / "a.md").read_text(encoding="utf-8") == "# Broker\n\nRestart it.\n"


@pytest.mark.parametrize("read", [revisions, folder_date, worktree, base_of_a_diff, fetched])
@pytest.mark.parametrize("setting", SETTINGS)
def test_no_configuration_of_a_checkout_runs_a_command(
    tmp_path: Path, setting: str, read: Callable[[Hostile], None]
) -> None:
    hostile = Hostile(tmp_path, setting)
    read(hostile)
    assert not hostile.is_sprung()


@pytest.mark.parametrize("setting", sorted(SPRUNG_BY_PLAIN_GIT))
def test_the_traps_work(tmp_path: Path, setting: str) -> None:
    """Plain git springs them, so that the test above can fail."""
    hostile = Hostile(tmp_path, setting)
    for command in PLAIN:
        git(hostile.top, *command, check=False)
    assert hostile.is_sprung()


def test_a_submodule_is_not_entered(tmp_path: Path) -> None:
    hostile = Hostile(tmp_path, "filter.smudge")
    inner = tmp_path / "inner"
    inner.mkdir()
    sub = Hostile(inner, "filter.clean")
    moved = hostile.top / "sub"
    sub.top.rename(moved)
    git(moved, "config", "core.fsmonitor", str(inner / "traps/trap"))
    git(hostile.top, "update-index", "--add", "--cacheinfo", f"160000,{sub.head},sub")
    git(hostile.top, "commit", "-qm", "sub", check=False)
    assert set(file_revisions(hostile.top)) == {".gitattributes", "a.md", "b.md"}
    assert not sub.is_sprung()


def test_the_environment_of_the_caller_names_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = Hostile(tmp_path, "filter.smudge")
    trap = str(tmp_path / "traps/trap")
    for name in ("GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_ASKPASS", "PAGER"):
        monkeypatch.setenv(name, trap)
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(hostile.marker))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    found = file_revisions(hostile.top)
    assert found["b.md"].commit == hostile.head
    assert not hostile.is_sprung()


def test_an_address_that_runs_a_command_is_refused_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "runbook.toml").write_text(
        f'[[sources]]\nname = "x"\ngit = "ext::touch {tmp_path}/MARKER"\n'
        '[ingest]\ngit_protocols = ["ext"]\n',
        encoding="utf-8",
    )
    assert run(tmp_path, "ingest").returncode == 2
    assert not (tmp_path / "MARKER").exists()


def test_objects_named_by_sha256_are_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    (tmp_path / "a.md").write_text("a\n", encoding="utf-8")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "x")
    found = file_revisions(tmp_path)["a.md"]
    assert found.commit == git(tmp_path, "rev-parse", "HEAD")
    assert found.has(b"a\n")
    assert not found.has(b"b\n")


def test_packed_references_and_shallow_clones_are_read(tmp_path: Path) -> None:
    origin = Hostile(tmp_path, "filter.smudge").top
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", "shallow")
    git(tmp_path / "shallow", "pack-refs", "--all")
    assert set(file_revisions(tmp_path / "shallow")) == {".gitattributes", "a.md", "b.md"}


def test_a_file_with_other_line_ends_is_the_committed_one(tmp_path: Path) -> None:
    found = file_revisions(Hostile(tmp_path, "filter.smudge").top)["b.md"]
    assert found.has(b"# Proxy\r\n\r\nRestart it.\r\n")
    assert not found.has(b"# Proxy\r\n\r\nRestart them.\r\n")


def test_git_is_run_by_one_module() -> None:
    repository = Path(__file__).parents[3]
    found = {
        path.relative_to(repository).as_posix()
        for top in ("api", "evals", "ingest", "rag")
        for path in (repository / top).rglob("*.py")
        if "subprocess" in path.read_text(encoding="utf-8")
        and "git" in path.read_text(encoding="utf-8")
    }
    assert found == {"ingest/sources/git_command.py"}
