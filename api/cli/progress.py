"""A progress bar on stderr for long work; silent off a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.report import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class _Bar:
    """Documents done of those found, chunks a second, and the time left."""

    def __init__(self, shown: RichProgress, task: TaskID) -> None:
        self._shown = shown
        self._task = task
        self._started = time.monotonic()
        self._chunks = 0
        self._documents = 0

    def found(self, documents: int) -> None:
        self._documents += documents
        self._shown.update(self._task, total=self._documents)

    def done(self, documents: int, chunks: int) -> None:
        self._chunks += chunks
        rate = self._chunks / max(time.monotonic() - self._started, 0.001)
        self._shown.update(self._task, advance=documents, rate=f"{rate:.0f} chunks/s")


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Progress on stderr when a person looks at it."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("indexing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _Bar(shown, shown.add_task("indexing", total=None, rate=""))
