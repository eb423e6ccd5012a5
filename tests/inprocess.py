"""`runbook` in this process, with the hashing embedder: for tests of many commands in a row."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import api.compose.embedding
import api.compose.readers
from api.cli.main import main
from api.settings import Settings
from ingest.isolation.limits import FailureKind, ReadLimits
from ingest.isolation.pool import ReaderPool
from tests.hashing_cli import hashing_embedder


@dataclass(frozen=True)
class Done:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


class SharedReaders(ReaderPool):
    """Lives as long as this process: no command in it waits for a child to start."""

    def close(self) -> None: ...


@cache
def _shared_readers(limits: ReadLimits) -> ReaderPool:
    readers = SharedReaders(limits)
    atexit.register(ReaderPool.close, readers)
    return readers


def shared_readers(
    settings: Settings, on_failure: Callable[[FailureKind], None], *, start: bool
) -> ReaderPool:
    return _shared_readers(api.compose.readers.read_limits(settings))


@contextmanager
def hashing() -> Iterator[None]:
    """No model is loaded inside, and documents are read by processes that are shared."""
    with (
        patch.object(api.compose.embedding, "make_embedder", hashing_embedder),
        patch.object(api.compose.readers, "make_readers", shared_readers),
    ):
        yield


def run(folder: Path, *arguments: str) -> Done:
    """Run `runbook` in a folder until it ends, as its entry point does."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    code = 0
    os.chdir(folder)
    try:
        with (
            hashing(),
            patch("sys.argv", ["runbook", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os.chdir(before)
    return Done(code, out.getvalue(), err.getvalue())


def run_json(folder: Path, *arguments: str, expect: int = 0) -> Any:
    """Run `runbook … --json`, which must end with the exit code `expect`."""
    done = run(folder, *arguments, "--json")
    assert done.returncode == expect, done
    return json.loads(done.stdout)


def paths_found(folder: Path, question: str, *arguments: str) -> list[str]:
    """The paths that a search finds, best first; empty when it finds nothing."""
    done = run(folder, "search", question, "--json", *arguments)
    assert done.returncode in (0, 5), done
    return [hit["document"]["path"] for hit in json.loads(done.stdout)["hits"]]
