"""History of runs, one line each, for trends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.running.runs import Run, scores_of

HISTORY_FILE = "history.jsonl"
# A line has about 1,500 bytes, so this many bytes contain the last line.
_TAIL_BYTES = 65536


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
    try:
        lines = (folder / HISTORY_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [past for past in _read(lines) if suite is None or past.suite == suite]


def last_run(folder: Path) -> PastRun | None:
    """The newest run of any suite; None if there is none."""
    try:
        with (folder / HISTORY_FILE).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return next(_read(lines[::-1]), None)


def _read(lines: Sequence[str]) -> Iterator[PastRun]:
    for line in lines:
        try:
            yield _PAST.validate_json(line)
        except ValidationError:
            continue  # skip a line that a crash truncated
