"""The report of the last eval run: what it changed. The web page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.gate.gate import Finding, Verdict
from evals.history_file import replace_file
from evals.running.changes import ChangedCondition, Flip
from evals.running.runs import Run, scores_of

_FILE = "last-report.json"


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A mean, with its change against the baseline and the interval of that change, if any."""

    mean: float
    change: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class FlippedQuestion:
    """A question whose outcome changed; `gold` has each gold document's rank before and after."""

    id: str
    question: str
    persona: str
    must_pass: bool
    gold: tuple[tuple[str, int | None, int | None], ...]
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastReport:
    """The last run: what the gate found, and what changed since the baseline."""

    suite: str
    made_at: str
    passed: bool
    questions: int
    findings: tuple[Finding, ...]
    scores: Mapping[str, ScoreChange]
    conditions: tuple[ChangedCondition, ...] = ()
    broken: tuple[FlippedQuestion, ...] = ()
    mended: tuple[FlippedQuestion, ...] = ()
    slipped: tuple[FlippedQuestion, ...] = ()


_REPORT = TypeAdapter(LastReport)


def write_last_report(folder: Path, run: Run, verdict: Verdict) -> None:
    """Replace the report in a folder. Raises OSError."""
    replace_file(folder / _FILE, _REPORT.dump_json(_report(run, verdict)).decode())


def last_eval_report(folder: Path) -> LastReport | None:
    """The report in a folder; None if there is none, or another version of the program wrote it."""
    try:
        return _REPORT.validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _report(run: Run, verdict: Verdict) -> LastReport:
    changes = verdict.changes
    return LastReport(
        suite=run.suite,
        made_at=run.made_at,
        passed=verdict.passed,
        questions=len(run.cases),
        findings=verdict.findings,
        scores={name: _score(mean, name, verdict) for name, mean in scores_of(run).means.items()},
        conditions=changes.conditions if changes else (),
        broken=_flipped(changes.broken) if changes else (),
        mended=_flipped(changes.mended) if changes else (),
        slipped=_flipped(changes.slipped) if changes else (),
    )


def _score(mean: float, name: str, verdict: Verdict) -> ScoreChange:
    found = verdict.differences.get(name)
    return ScoreChange(mean) if not found else ScoreChange(mean, found.mean, found.low, found.high)


def _flipped(flips: Sequence[Flip]) -> tuple[FlippedQuestion, ...]:
    return tuple(
        FlippedQuestion(
            id=flip.case.id,
            question=flip.case.question,
            persona=flip.case.persona,
            must_pass=flip.case.must_pass,
            gold=flip.gold,
            causes=flip.causes,
        )
        for flip in flips
    )
