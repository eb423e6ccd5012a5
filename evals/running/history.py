"""History of runs, one line each, for trends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from evals.history_file import HISTORY_FILE, HistoryFile
from evals.running.runs import Run, scores_of


@dataclass(frozen=True, slots=True)
class PastRun:
    """The summary of a run that the history keeps."""

    suite: str
    digest: str
    made_at: str
    passed: bool
    questions: int
    leaks: int
    unmeasured: int
    scores: Mapping[str, float]
    conditions: Mapping[str, str]


_PAST = TypeAdapter(PastRun)


def append_run(folder: Path, run: Run, *, passed: bool) -> None:
    """Add a run to the history in a folder."""
    past = PastRun(
        suite=run.suite,
        digest=run.digest,
        made_at=run.made_at,
        passed=passed,
        questions=len(run.cases),
        leaks=len(run.leaks),
        unmeasured=len(run.unmeasured),
        scores={name: round(mean, 6) for name, mean in scores_of(run).means.items()},
        conditions=run.conditions,
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = json.dumps(_PAST.dump_python(past, mode="json"), ensure_ascii=False)
    with (folder / HISTORY_FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def past_runs(folder: Path, suite: str | None = None) -> list[PastRun]:
    """The runs of one suite or of all, oldest first; invalid lines are skipped."""
    past = HistoryFile(folder, _PAST).records()
    return [run for run in past if suite is None or run.suite == suite]


def last_run(folder: Path) -> PastRun | None:
    """The newest run of any suite; None if there is none."""
    return HistoryFile(folder, _PAST).last()
