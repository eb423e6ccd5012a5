"""A run and its verdict as one HTML file: plots drawn as SVG, and every question with its hits.

Nothing is loaded from anywhere, so that the file can be attached to a build and mailed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.gate.gate import Verdict
from evals.metrics.statistics import signed
from evals.reports.json_report import latency
from evals.reports.plots import Bar, bars, curve
from evals.reports.templating import render
from evals.running.changes import Changes, Flip
from evals.running.history import PastRun
from evals.running.runs import Case, Run, scores_of

_HITS = 10
_RATE = "pass_rate"

# A question, and what changed about it, if anything did.
_Row = tuple[Case, str, Flip | None]


def html(run: Run, verdict: Verdict, past: Sequence[PastRun] = ()) -> str:
    """The whole page; `past` holds earlier runs of the same suite, oldest first."""
    return render(
        "report.html.jinja",
        run=run,
        verdict=verdict,
        passed=sum(case.passed for case in run.cases),
        times=latency(run),
        conditions=verdict.changes.conditions if verdict.changes else (),
        edits=list(_edits(verdict.changes)) if verdict.changes else [],
        plots={
            "scores": _score_bars(run, verdict),
            "kinds": _kind_bars(run, verdict),
            "latency": _latency_curve(run),
            "history": _history_curve(past),
        },
        sections=list(_sections(run, verdict)),
        hits_shown=_HITS,
    )


def _edits(changes: Changes) -> Iterator[tuple[str, tuple[str, ...]]]:
    pages = changes.pages
    for what, paths in (
        ("edited", pages.edited),
        ("new", pages.added),
        ("removed", pages.removed),
        ("open to more readers", pages.opened),
        ("closed to some readers", pages.closed),
    ):
        if paths:
            yield what, paths


def _score_bars(run: Run, verdict: Verdict) -> str:
    rows = []
    for metric, mean in scores_of(run).means.items():
        found = verdict.differences.get(metric)
        before = mean - found.mean if found else None
        note = f"{mean:.3f}" + (f" ({signed(found.mean, 3)})" if found else "")
        rows.append(Bar(metric, mean, note, before))
    return bars(rows, "means of the metrics, and of the baseline")


def _kind_bars(run: Run, verdict: Verdict) -> str:
    flips = verdict.changes
    rows = []
    for kind in sorted({case.kind for case in run.cases}):
        cases = [case for case in run.cases if case.kind is kind]
        passed = sum(case.passed for case in cases)
        before = None
        if flips is not None:
            broken = sum(flip.case.kind is kind for flip in flips.broken)
            mended = sum(flip.case.kind is kind for flip in flips.mended)
            before = (passed + broken - mended) / len(cases)
        rows.append(Bar(kind.value, passed / len(cases), f"{passed} of {len(cases)}", before))
    return bars(rows, "share of questions that pass, by kind")


def _latency_curve(run: Run) -> str:
    """Every question's time, from the quickest to the slowest; "" where none was measured."""
    times = sorted(case.took_ms for case in run.cases)
    if not any(times):
        return ""
    summary = latency(run)
    return curve(
        times,
        "milliseconds of each search, quickest first",
        top=round(times[-1] + 0.5),
        unit=" ms",
        ends=("the quickest", "the slowest"),
        levels={
            f"half: {summary['p50_ms']:.0f} ms": summary["p50_ms"],
            f"19/20: {summary['p95_ms']:.0f} ms": summary["p95_ms"],
        },
    )


def _history_curve(past: Sequence[PastRun]) -> str:
    """The pass rate of earlier runs; "" where there are not two of them."""
    rated = [one for one in past if _RATE in one.scores]
    if len(rated) < 2:
        return ""
    return curve(
        [one.scores[_RATE] for one in rated],
        "pass rate of each run, oldest first",
        top=1.0,
        ends=(rated[0].made_at[:10], rated[-1].made_at[:10]),
        levels={f"now {rated[-1].scores[_RATE]:.3f}": rated[-1].scores[_RATE]},
    )


def _sections(run: Run, verdict: Verdict) -> Iterator[tuple[str, list[_Row]]]:
    """Headings, each with its questions: those that changed, that fail, that pass."""
    flips: dict[str, tuple[str, Flip]] = {}
    if verdict.changes is not None:
        for name, found in (
            ("slipped", verdict.changes.slipped),
            ("mended", verdict.changes.mended),
            ("broken", verdict.changes.broken),
        ):
            flips.update({flip.case.id: (name, flip) for flip in found})
    rest = [case for case in run.cases if case.id not in flips]
    changed = [(case, *flips[case.id]) for case in run.cases if case.id in flips]
    yield "Questions that changed", [*changed]
    yield "Questions that fail", [(case, "", None) for case in rest if not case.passed]
    yield "Questions that pass", [(case, "", None) for case in rest if case.passed]
