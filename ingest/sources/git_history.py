"""Which commit last touched each file: a few git calls for a whole source."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 120
_CHANGED = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--relative")
_READ_BYTES = 65536
_COMMIT = re.compile(rb"\x01([0-9a-f]{40,64}) (-?\d+)")
# A checkout may come from a stranger: no hook, monitor, pager or filter of its may run.
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")


@dataclass(frozen=True, slots=True)
class FileRevision:
    """The last commit that touched a file; `committed_at` is in UTC."""

    commit: str
    committed_at: datetime


def file_revisions(root: Path) -> Mapping[str, FileRevision]:
    """The last commit of each tracked file below `root` that stands there as it was committed.

    Paths are relative to `root`. Empty when root is in no git checkout, or git cannot be asked;
    a file that is not in it has only its content hash and modification time to go by, and so has
    one whose commit is dated beyond every calendar.
    """
    git = shutil.which("git")
    if git is None:
        return {}
    try:
        tracked = _paths(_run(git, root, "ls-files", "-z", "--", "."))
        if not tracked:
            return {}
        changed = _paths(_run(git, root, *_CHANGED, "HEAD", "--", "."))
        return dict(_last_commits(git, root, set(tracked) - set(changed)))
    except (_GitFailed, OSError) as failed:
        if "not a git repository" not in str(failed):
            log.warning("git revisions of %s are not known: %s", root, failed)
        return {}


def last_commit(folder: Path) -> datetime | None:
    """When a commit last touched anything below `folder` (UTC).

    None when it stands in no git checkout, or git cannot be asked.
    """
    git = shutil.which("git")
    if git is None or not folder.is_dir():
        return None
    try:
        told = _run(git, folder, "log", "-1", "--format=%ct", "--", ".").strip()
    except _GitFailed as failed:
        log.warning("the last commit of %s is not known: %s", folder, failed)
        return None
    return _time(told) if told else None


def _time(seconds: bytes) -> datetime | None:
    """Seconds since 1970 in UTC; None where no calendar reaches, as whoever commits may claim."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


class _GitFailed(Exception):
    pass


def _run(git: str, root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and arguments of our own
            [git, *_SAFE, *arguments],
            cwd=root,
            env=_environment(),
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _GitFailed(str(error)) from error
    if done.returncode:
        raise _GitFailed(done.stderr.decode(errors="replace").strip()[:300])
    return done.stdout


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _paths(listed: bytes) -> list[str]:
    return [os.fsdecode(path) for path in listed.split(b"\0") if path]


def _last_commits(git: str, root: Path, wanted: set[str]) -> Iterator[tuple[str, FileRevision]]:
    """Walks the history from its newest commit, and stops when every wanted file was met."""
    command = [
        *(git, *_SAFE, "log", "-z", "--format=%x01%H %ct", "--name-only", "--no-renames"),
        *("--no-ext-diff", "--no-textconv", "--diff-merges=first-parent", "--relative", "--", "."),
    ]
    with subprocess.Popen(  # noqa: S603 - no shell, and arguments of our own
        command, cwd=root, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        revision: FileRevision | None = None
        for token in _tokens(process.stdout) if process.stdout else ():
            if commit := _COMMIT.fullmatch(token):
                committed_at = _time(commit[2])
                revision = FileRevision(commit[1].decode(), committed_at) if committed_at else None
            elif (path := os.fsdecode(token.lstrip(b"\n"))) in wanted:
                wanted.discard(path)
                if revision is not None:
                    yield path, revision
            if not wanted:
                process.kill()
                return


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while data := stream.read(_READ_BYTES):
        *whole, rest = (rest + data).split(b"\0")
        yield from whole
    yield rest
