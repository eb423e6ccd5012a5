"""A run and its verdict as Markdown, fit for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.gate.gate import Finding, Verdict
from evals.metrics.statistics import signed
from evals.reports.terminal import rank
from evals.running.changes import Changes, Flip
from evals.running.runs import Run, scores_of

_SHOWN = 25


def markdown(run: Run, verdict: Verdict) -> str:
    """The verdict first, then what blocks, what changed, and every score."""
    return "\n".join(_lines(run, verdict)) + "\n"


def _lines(run: Run, verdict: Verdict) -> Iterator[str]:
    outcome = "passed" if verdict.passed else "**failed**"
    yield f"## Evals: {outcome}"
    yield ""
    yield (
        f"Suite `{run.suite}`: {len(run.cases)} questions, asked {run.asked} times as "
        f"different readers; {len(run.leaks)} leaks, {len(run.unmeasured)} scores unmeasured."
    )
    yield ""
    yield from _findings("What blocks", verdict.blocking)
    yield from _findings("Worth knowing", verdict.advice)
    if verdict.changes is not None:
        yield from _changed(verdict.changes)
    yield from _scores(run, verdict)


def _findings(title: str, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield f"### {title}"
    yield ""
    for finding in findings[:_SHOWN]:
        yield f"- **{finding.rule}**: {escaped(finding.message)}"
    if len(findings) > _SHOWN:
        yield f"- … and {len(findings) - _SHOWN} more"
    yield ""


def _changed(changes: Changes) -> Iterator[str]:
    for one in changes.conditions:
        yield f"- {one.name}: `{one.before}` → `{one.after}`"
    if changes.conditions:
        yield ""
    for title, flips in (("Broken", changes.broken), ("Mended", changes.mended)):
        if not flips:
            continue
        yield f"### {title} ({len(flips)})"
        yield ""
        yield "| question | page: before → after | stands before it now | because |"
        yield "| --- | --- | --- | --- |"
        for flip in flips[:_SHOWN]:
            yield _row(flip)
        if len(flips) > _SHOWN:
            yield f"| … and {len(flips) - _SHOWN} more | | | |"
        yield ""


def _row(flip: Flip) -> str:
    gold = "<br>".join(
        f"`{path}`: {rank(before)} → {rank(after)}" for path, before, after in flip.gold
    )
    instead = "<br>".join(
        f"`{found.document}:{found.lines[0]}-{found.lines[1]}`" for found in flip.instead
    )
    because = "<br>".join(escaped(cause) for cause in flip.causes)
    asked = f"{flip.case.id}: {escaped(flip.case.question)}"
    return f"| {asked} | {gold} | {instead} | {because} |"


def _scores(run: Run, verdict: Verdict) -> Iterator[str]:
    yield "<details><summary>Scores</summary>"
    yield ""
    yield "| metric | questions | mean | change | 95% interval |"
    yield "| --- | ---: | ---: | ---: | --- |"
    scores = scores_of(run)
    for metric, mean in scores.means.items():
        found = verdict.differences.get(metric)
        change = signed(found.mean) if found else ""
        between = f"{signed(found.low)} to {signed(found.high)}" if found else ""
        name = f"{metric} (judged)" if metric in run.judged else metric
        yield f"| {name} | {scores.counts[metric]} | {mean:.4f} | {change} | {between} |"
    yield ""
    yield "</details>"


def escaped(text: str) -> str:
    """Text that neither breaks out of a table's cell nor turns into markup."""
    flat = " ".join(text.split())
    for mark in "\\|`*_<>[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
