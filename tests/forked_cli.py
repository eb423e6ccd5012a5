"""Commands of `tests.hashing_cli` in forks of one process that has imported what they need.

A new process spends two seconds of processor time on imports, and the tests run some hundred
commands. A fork has a process id, a working directory, an environment and an exit status of its
own, as a new process has.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_TIMEOUT = 300  # seconds
_MODULE = "tests.hashing_cli"
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])


def run_forked(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command until it ends; AssertionError after five minutes."""
    with tempfile.TemporaryDirectory() as outputs:
        out, err = Path(outputs, "stdout"), Path(outputs, "stderr")
        with forked(folder, arguments, environment, out, err) as process:
            process.join(_TIMEOUT)
            assert process.exitcode is not None, (arguments, out.read_text(), err.read_text())
            return subprocess.CompletedProcess(
                list(arguments), process.exitcode, out.read_text("utf-8"), err.read_text("utf-8")
            )


@contextlib.contextmanager
def forked(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path
) -> Iterator[ForkServerProcess]:
    """A running command, whose output goes to two files; killed at the end if it still runs."""
    process = _CONTEXT.Process(
        target=_run, args=(str(folder), list(arguments), dict(environment), str(out), str(err))
    )
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _run(
    folder: str, arguments: list[str], environment: dict[str, str], out: str, err: str
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for path, descriptor in ((out, 1), (err, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = [_MODULE, *arguments]
    try:
        runpy.run_module(_MODULE, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # a forked process ends without them
