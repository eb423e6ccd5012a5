"""Reads a checkout's objects without its configuration, index, hooks, attributes or submodules.

HEAD is resolved here. git then runs in a private directory that borrows the checkout's objects and
nothing else, so no file of the checkout can name a command or a place to fetch from. What such a
directory cannot express (references in a reftable) leaves the checkout without known commits.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.sources.git_command import GitFailed, git_environment, git_output, run_git

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256_LENGTH = 64
_MAX_SMALL_BYTES = 64 * 1024
_MAX_REFS_BYTES = 64 * 1024 * 1024
_MAX_SYMBOLIC = 5  # references that name others, as in git
_MAX_ENTRIES = 2_000_000
_MAX_NAME_BYTES = 64 * 1024
_READ_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Checkout:
    """A working tree at `top`, its commit, and where its objects are."""

    top: Path
    git_dir: Path
    common_dir: Path
    head: str

    def prefix(self, folder: Path) -> str:
        """The path of a folder within the tree, with `/` at its end; empty for the top."""
        relative = folder.relative_to(self.top).as_posix()
        return "" if relative == "." else f"{relative}/"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A regular file of a commit: its object, and its path below the folder that was listed."""

    blob: str
    path: str


class ObjectReader:
    """git in a private directory over a checkout's objects. Raises GitFailed."""

    def __init__(self, checkout: Checkout, git_dir: Path) -> None:
        self._checkout = checkout
        self._git_dir = git_dir
        self._environment = git_environment(git_dir, objects=checkout.common_dir / "objects")

    def run(self, *arguments: str, given: bytes | None = None) -> bytes:
        return run_git(arguments, self._environment, self._git_dir, given=given)

    def tokens(self, *arguments: str) -> Iterator[bytes]:
        """What git prints, cut at NUL bytes."""
        with git_output(arguments, self._environment, self._git_dir) as stream:
            rest = b""
            while data := stream.read1(_READ_BYTES):  # type: ignore[attr-defined]  # buffered
                *whole, rest = (rest + data).split(b"\0")
                yield from whole
                if len(rest) > _MAX_NAME_BYTES:
                    raise GitFailed("a name in the repository is too long")
            if rest:
                yield rest

    def files(self, commit: str, prefix: str) -> Iterator[TreeEntry]:
        """The regular files of a commit below a folder; links and submodules are left out."""
        tree = f"{commit}:{prefix.rstrip('/')}"
        for count, token in enumerate(self.tokens("ls-tree", "-r", "-z", tree)):
            if count >= _MAX_ENTRIES:
                raise GitFailed(f"its tree has more than {_MAX_ENTRIES} entries")
            about, _, path = token.partition(b"\t")
            mode, kind, blob = about.decode("ascii", "replace").split(" ", 2)
            if kind == "blob" and mode.startswith("100"):
                yield TreeEntry(blob.strip(), os.fsdecode(path))

    def commit(self, revision: str) -> str:
        """The commit that a revision names by branch, tag, id or parents (`main~2`)."""
        refs = "".join(f"{commit} {name}\n" for name, commit in sorted(_refs(self._checkout)))
        (self._git_dir / "packed-refs").write_text(refs, encoding="utf-8")
        wanted = ("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        return self.run(*wanted).decode("ascii").strip()

    def blob(self, blob: str) -> bytes:
        """The bytes of a file, as they were committed."""
        return self.run("cat-file", "blob", blob)


def find_checkout(folder: Path) -> Checkout | None:
    """The checkout that a folder is in; None where there is none, or it has no commit.

    Like git, it is not looked for beyond the file system of the folder. Raises GitFailed.
    """
    try:
        here = folder.resolve(strict=True)
        device = here.stat().st_dev
        for top in (here, *here.parents):
            if top.stat().st_dev != device:
                return None
            if (top / ".git").exists():
                return _checkout(top)
    except (OSError, RuntimeError) as error:
        raise GitFailed(str(error)) from error
    return None


@contextmanager
def opened(checkout: Checkout) -> Iterator[ObjectReader]:
    """git over the checkout's objects, in a directory that is removed afterwards."""
    try:
        with tempfile.TemporaryDirectory(prefix="runbook-git-") as place:
            git_dir = Path(place)
            _write_private(checkout, git_dir)
            yield ObjectReader(checkout, git_dir)
    except OSError as error:
        raise GitFailed(str(error)) from error


def _write_private(checkout: Checkout, git_dir: Path) -> None:
    for name in ("objects", "refs"):
        (git_dir / name).mkdir()
    (git_dir / "HEAD").write_text(f"{checkout.head}\n", encoding="ascii")
    long = len(checkout.head) == _SHA256_LENGTH
    version = "1\n[extensions]\n\tobjectFormat = sha256" if long else "0"
    config = f"[core]\n\tbare = true\n\trepositoryFormatVersion = {version}\n"
    (git_dir / "config").write_text(config, encoding="ascii")
    shallow = _text(checkout.common_dir / "shallow", _MAX_REFS_BYTES)
    if shallow is not None:
        known = [line for line in shallow.split("\n") if _OBJECT_ID.fullmatch(line)]
        (git_dir / "shallow").write_text("".join(f"{line}\n" for line in known), encoding="ascii")


def _checkout(top: Path) -> Checkout | None:
    git_dir = _git_dir(top / ".git")
    common = _text(git_dir / "commondir")
    common_dir = git_dir if common is None else (git_dir / common.strip()).resolve()
    head = _resolved(git_dir, common_dir)
    return None if head is None else Checkout(top, git_dir, common_dir, head)


def _git_dir(place: Path) -> Path:
    """Where a `.git` leads: itself, or in a linked worktree the folder that it names."""
    if place.is_dir():
        return place.resolve()
    named = _text(place)
    if named is None or not named.startswith("gitdir: "):
        raise GitFailed(f"{place} is no git folder")
    return (place.parent / named.removeprefix("gitdir: ").strip()).resolve()


def _resolved(git_dir: Path, common_dir: Path) -> str | None:
    name = "HEAD"
    for _ in range(_MAX_SYMBOLIC):
        found = None
        for folder in (git_dir, common_dir):
            found = found or _text(folder / name)
        target = (found or _packed(common_dir).get(name) or "").strip()
        if _OBJECT_ID.fullmatch(target):
            return target
        if not target.startswith("ref: ") or ".." in target:
            return None
        name = target.removeprefix("ref: ").strip().lstrip("/")
    return None


def _packed(common_dir: Path) -> dict[str, str]:
    lines = (_text(common_dir / "packed-refs", _MAX_REFS_BYTES) or "").split("\n")
    pairs = (line.partition(" ") for line in lines)
    return {name: commit for commit, _, name in pairs if _OBJECT_ID.fullmatch(commit)}


def _refs(checkout: Checkout) -> Iterator[tuple[str, str]]:
    found = _packed(checkout.common_dir)
    for place in sorted((checkout.common_dir / "refs").rglob("*")):
        commit = (_text(place) or "").strip()
        if _OBJECT_ID.fullmatch(commit):
            found[place.relative_to(checkout.common_dir).as_posix()] = commit
    yield from ((name, commit) for name, commit in found.items() if "\n" not in name)


def _text(place: Path, max_bytes: int = _MAX_SMALL_BYTES) -> str | None:
    """A small regular file; None where none is there. A pipe in its place is not waited for."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    # A folder opens too, and only then fails: its kind is known before a file is made of it.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(max_bytes + 1)
    return data.decode("utf-8", "replace") if len(data) <= max_bytes else None
