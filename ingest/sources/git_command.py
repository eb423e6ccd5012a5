"""The one module that runs git: without a shell, and with nothing that a repository can choose.

git runs commands that a repository's configuration names: filters, hooks, helpers, pagers,
transports. So it only ever runs in a repository whose configuration this program wrote (`GIT_DIR`),
with none of the user's, the machine's or the environment's, and with the settings below, which
stand over all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

MAX_SECONDS = 120
# A tree of repeated entries takes little space on disk and expands without end.
_MAX_HEAP_BYTES = 1024 * 1024 * 1024
_MAX_SHOWN = 300
# Variables apart from GIT_* that name programs for git to start.
_DROPPED = frozenset({"SSH_ASKPASS", "PAGER", "EDITOR", "VISUAL", "BROWSER", "XDG_CONFIG_HOME"})
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.askPass": "",
    "core.pager": "cat",
    "credential.helper": "",
    "diff.external": "",
    "log.showSignature": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "protocol.allow": "never",
    "advice.detachedHead": "false",
}
_OPTIONS = ("--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs")


class GitFailed(Exception):
    """git is not installed, ended with an error, or took too long."""


def git_environment(
    git_dir: Path,
    *,
    objects: Path | None = None,
    protocols: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The environment of a git that may read `git_dir`, and `objects` in place of its own.

    It reaches other repositories by the `protocols` alone, and none without. `settings` are
    passed on here since arguments can be read by everybody on the machine.
    """
    allowed = {f"protocol.{name}.allow": "always" for name in protocols}
    chosen = {**_SETTINGS, **allowed, **(settings or {})}
    made = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GIT_") and key not in _DROPPED
    }
    for number, (key, value) in enumerate(chosen.items()):
        made[f"GIT_CONFIG_KEY_{number}"], made[f"GIT_CONFIG_VALUE_{number}"] = key, value
    if objects is not None:
        made["GIT_OBJECT_DIRECTORY"] = str(objects)
    return {
        **made,
        "GIT_CONFIG_COUNT": str(len(chosen)),
        "GIT_DIR": str(git_dir),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def run_git(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    seconds: float = MAX_SECONDS,
    given: bytes | None = None,
    limited: bool = True,
) -> bytes:
    """What git prints, run in `folder` with `given` on its standard input. Raises GitFailed.

    Its memory is `limited` where it reads a checkout of somebody else's.
    """
    with _started(arguments, environment, folder, given is not None, limited=limited) as process:
        try:
            out, err = process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise GitFailed(f"it took over {seconds:.0f} s") from error
    if process.returncode:
        raise GitFailed(err.decode(errors="replace").strip()[-_MAX_SHOWN:] or "it was killed")
    return out


@contextmanager
def git_output(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Iterator[IO[bytes]]:
    """What git prints, as it comes; git is killed when the caller has read enough, or in time."""
    with _started(arguments, environment, folder, False, errors=False) as process:
        timer = threading.Timer(MAX_SECONDS, process.kill)
        timer.start()
        try:
            if process.stdout is not None:
                yield process.stdout
        finally:
            timer.cancel()
            process.kill()


@contextmanager
def _started(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    stdin: bool,
    *,
    errors: bool = True,
    limited: bool = True,
) -> Iterator[subprocess.Popen[bytes]]:
    git = shutil.which("git")
    if git is None:
        raise GitFailed("git is not installed")
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and arguments of this program
            [git, *_OPTIONS, *arguments],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if errors else subprocess.DEVNULL,
        )
    except OSError as error:
        raise GitFailed(str(error)) from error
    with process:
        if limited:
            _limit_memory(process.pid)
        yield process


def _limit_memory(pid: int) -> None:
    import resource

    if hasattr(resource, "prlimit"):  # Linux
        limit = (_MAX_HEAP_BYTES, _MAX_HEAP_BYTES)
        try:
            resource.prlimit(pid, resource.RLIMIT_DATA, limit)
        except OSError:  # it has ended already
            return
