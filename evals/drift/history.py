"""The last reports of drift, one line each: for metrics and for the operators' page."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from evals.drift.report import DriftReport
from evals.history_file import HISTORY_FILE, HistoryFile, replace_file

MAX_REPORTS = 100
_REPORT = TypeAdapter(DriftReport)


def append_report(folder: Path, report: DriftReport) -> None:
    """Add a report, and drop the oldest of more than 100. Raises OSError."""
    lines = [
        *HistoryFile(folder, _REPORT).lines()[-(MAX_REPORTS - 1) :],
        _REPORT.dump_json(report).decode(),
    ]
    replace_file(folder / HISTORY_FILE, "".join(f"{line}\n" for line in lines))


def past_reports(folder: Path) -> list[DriftReport]:
    """The reports that are kept, oldest first; invalid lines are skipped."""
    return HistoryFile(folder, _REPORT).records()


def last_report(folder: Path) -> DriftReport | None:
    """The newest report; None if there is none."""
    return HistoryFile(folder, _REPORT).last()
