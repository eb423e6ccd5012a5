"""Progress of long work on stderr: a bar at a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.cli.terminal import echo, rich_console
from ingest.runs.report import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


_LINE_SECONDS = 10.0


class PlainProgress:
    """A line every ten seconds, for logs of jobs; nothing for a run that is done sooner."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock() + _LINE_SECONDS
        self._found = 0
        self._done = 0

    def found(self, documents: int) -> None:
        self._found += documents

    def done(self, documents: int, chunks: int) -> None:  # noqa: ARG002 - of the port
        self._done += documents
        if self._clock() >= self._next:
            echo(f"indexing: {self._done} of {self._found} documents", err=True)
            self._next = self._clock() + _LINE_SECONDS


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

    def asked(self, times: int, of: int) -> None:
        """Indexing is over: so many questions of a suite have been asked."""
        what = "asking" if times < of else "scoring"
        self._shown.update(self._task, what=what, completed=times, total=of, rate="")


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Progress on stderr: a bar at a terminal, else a line now and then."""
    with _shown() as bar:
        yield bar or PlainProgress()


@contextmanager
def shown_evaluation() -> Iterator[tuple[Progress, Callable[[int, int], None] | None]]:
    """The same, with a callback for the number of questions asked and their total."""
    with _shown() as bar:
        yield (bar, bar.asked) if bar else (Silent(), None)


@contextmanager
def _shown() -> Iterator[_Bar | None]:
    """A bar, where a person looks at stderr."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.fields[what]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=rich_console(err=True), transient=True) as shown:
        yield _Bar(shown, shown.add_task("", total=None, what="indexing", rate=""))


@contextmanager
def shown_bytes(name: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """What is to be told how many bytes of a file are read; `size` is None where it is unknown."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Shown

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Shown(*columns, TransferSpeedColumn(), console=rich_console(err=True)) as shown:
        task = shown.add_task(name, total=size)
        yield lambda done: shown.update(task, completed=done)
