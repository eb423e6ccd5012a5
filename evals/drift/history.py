"""The last reports of drift, one line each: for metrics and for the operators' page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.drift.report import DriftReport

HISTORY_FILE = "history.jsonl"
MAX_REPORTS = 100
# A line has about 5,000 bytes, so this many bytes contain the last line.
_TAIL_BYTES = 65536
_REPORT = TypeAdapter(DriftReport)


def append_report(folder: Path, report: DriftReport) -> None:
    """Add a report, and drop the oldest of more than 100. Raises OSError.

    The file is replaced as a whole, so that a reader sees all of it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [*_lines(folder)[-(MAX_REPORTS - 1) :], _REPORT.dump_json(report).decode()]
    partial = folder / f"{HISTORY_FILE}.{os.getpid()}"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(f"{line}\n" for line in lines))
    partial.replace(folder / HISTORY_FILE)


def past_reports(folder: Path) -> list[DriftReport]:
    """The reports that are kept, oldest first; invalid lines are skipped."""
    return list(_read(_lines(folder)))


def last_report(folder: Path) -> DriftReport | None:
    """The newest report; None if there is none."""
    try:
        with (folder / HISTORY_FILE).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return next(_read(lines[::-1]), None)


def _lines(folder: Path) -> list[str]:
    try:
        return (folder / HISTORY_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _read(lines: Sequence[str]) -> Iterator[DriftReport]:
    for line in lines:
        try:
            yield _REPORT.validate_json(line)
        except ValidationError:
            continue  # a line of another version
