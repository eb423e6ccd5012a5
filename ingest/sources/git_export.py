"""Writes a folder as it was at a revision: by this program, so that no filter or hook runs."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ingest.sources.git_checkout import Checkout, ObjectReader, opened
from ingest.sources.git_command import GitFailed


def export(checkout: Checkout, folder: Path, revision: str, target: Path) -> Path:
    """The regular files of `folder` at a revision, below `target`; returns where they are.

    `target` becomes a checkout of that commit, whose history is the original's, so that the files
    keep the dates of their commits. Raises GitFailed.
    """
    prefix = checkout.prefix(folder.resolve())
    with opened(checkout) as objects:
        commit = objects.commit(revision)
        made = target / prefix
        made.mkdir(parents=True)
        _link(checkout, target, commit)
        for entry in objects.files(commit, prefix):
            _write(objects, made, entry.path, entry.blob)
    return made


def _link(checkout: Checkout, target: Path, commit: str) -> None:
    """As in a linked worktree: a HEAD of its own, and the original's objects."""
    git_dir = target / ".git"
    git_dir.mkdir()
    (git_dir / "HEAD").write_text(f"{commit}\n", encoding="ascii")
    (git_dir / "commondir").write_text(f"{checkout.common_dir}\n", encoding="utf-8")


def _write(objects: ObjectReader, folder: Path, path: str, blob: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or any(part in ("..", ".git") for part in parts):
        raise GitFailed(f"the tree holds a path that leads out of it: {path!r}")
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(objects.blob(blob))
