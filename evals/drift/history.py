"""The last reports of drift, one line each: for metrics and for the operators' page."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import TypeAdapter

from evals.drift.report import DriftReport
from evals.history_file import HISTORY_FILE, HistoryFile

MAX_REPORTS = 100
_REPORT = TypeAdapter(DriftReport)


def append_report(folder: Path, report: DriftReport) -> None:
    """Add a report, and drop the oldest of more than 100. Raises OSError.

    The file is replaced as a whole, so that a reader sees all of it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [
        *HistoryFile(folder, _REPORT).lines()[-(MAX_REPORTS - 1) :],
        _REPORT.dump_json(report).decode(),
    ]
    partial = folder / f"{HISTORY_FILE}.{os.getpid()}"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(f"{line}\n" for line in lines))
    partial.replace(folder / HISTORY_FILE)


def past_reports(folder: Path) -> list[DriftReport]:
    """The reports that are kept, oldest first; invalid lines are skipped."""
    return HistoryFile(folder, _REPORT).records()


def last_report(folder: Path) -> DriftReport | None:
    """The newest report; None if there is none."""
    return HistoryFile(folder, _REPORT).last()
