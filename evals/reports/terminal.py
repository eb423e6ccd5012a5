"""A run and its verdict for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.gate.gate import Verdict
from evals.metrics.statistics import signed
from evals.reports.json_report import latency
from evals.running.changes import Flip
from evals.running.runs import Run, scores_of

_SHOWN = 20


def print_report(run: Run, verdict: Verdict, console: Console) -> None:
    """Scores, then what changed, then what the gate says."""
    console.print(_scores(run, verdict))
    for line in _changed(verdict):
        console.print(line, highlight=False, soft_wrap=True)
    for finding in verdict.advice:
        console.print(
            f"[yellow]note[/]  {escape(finding.message)}", highlight=False, soft_wrap=True
        )
    for finding in verdict.blocking:
        line = f"[red]{finding.rule}[/]  {escape(finding.message)}"
        console.print(line, highlight=False, soft_wrap=True)
    times = latency(run)
    outcome = "[green]passed[/]" if verdict.passed else "[bold red]failed[/]"
    console.print(
        f"{escape(run.suite)}: {outcome}; {len(run.cases)} questions, asked {run.asked} times in "
        f"{run.seconds:.1f} s; half within {times['p50_ms']:.0f} ms, "
        f"19 of 20 within {times['p95_ms']:.0f} ms",
        highlight=False,
        soft_wrap=True,
    )


def _scores(run: Run, verdict: Verdict) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    table.add_column("questions", justify="right")
    table.add_column("mean", justify="right")
    table.add_column("against the baseline", justify="right")
    scores = scores_of(run)
    for metric, mean in scores.means.items():
        name = f"{metric} (judged)" if metric in run.judged else metric
        table.add_row(name, str(scores.counts[metric]), f"{mean:.4f}", _difference(verdict, metric))
    return table


def _difference(verdict: Verdict, metric: str) -> str:
    found = verdict.differences.get(metric)
    if found is None:
        return "-"
    if not found.mean and found.low == found.high:
        return "the same"
    return f"{signed(found.mean)} ({signed(found.low)} to {signed(found.high)})"


def _changed(verdict: Verdict) -> Iterator[str]:
    if verdict.changes is None:
        return
    for one in verdict.changes.conditions:
        yield f"[cyan]changed[/]  {escape(one.name)}: {escape(one.before)} -> {escape(one.after)}"
    for name, style, flips in (
        ("broken", "red", verdict.changes.broken),
        ("mended", "green", verdict.changes.mended),
    ):
        for flip in flips[:_SHOWN]:
            yield from _flip(name, style, flip)
        if len(flips) > _SHOWN:
            yield f"… {len(flips) - _SHOWN} more {name}"


def _flip(name: str, style: str, flip: Flip) -> Iterator[str]:
    yield f"[{style}]{name}[/]  {escape(flip.case.id)}: {escape(flip.case.question)}"
    for path, before, after in flip.gold:
        yield f"        {escape(path)}: {rank(before)} -> {rank(after)}"
    for found in flip.instead:
        where = f"{found.document}:{found.lines[0]}-{found.lines[1]}"
        yield f"        before it now: {escape(where)}"
    for cause in flip.causes:
        yield f"        because {escape(cause)}"


def rank(place: int | None) -> str:
    """A rank in words."""
    return "not found" if place is None else f"rank {place}"
