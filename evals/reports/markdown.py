"""A run and its verdict as Markdown, for a pull request."""

from __future__ import annotations

from evals.gate.gate import Verdict
from evals.reports.templating import render
from evals.running.runs import Run, scores_of

_SHOWN = 25


def markdown(run: Run, verdict: Verdict) -> str:
    """The verdict first, then what blocks, what changed, and every score."""
    return render("report.md.jinja", run=run, verdict=verdict, scores=scores_of(run), shown=_SHOWN)
