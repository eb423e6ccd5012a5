"""A run and its verdict as one HTML file: plots drawn as SVG, and every question with its hits.

Nothing is loaded from anywhere, so that the file can be attached to a build and mailed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from evals.gate.gate import Verdict
from evals.metrics.statistics import signed
from evals.reports.json_report import latency
from evals.reports.plots import Bar, bars, curve
from evals.reports.terminal import rank
from evals.running.changes import Changes, Flip
from evals.running.history import PastRun
from evals.running.runs import Case, Run, scores_of

_HITS = 10
_RATE = "pass_rate"
_STYLE = """
:root{color-scheme:light dark;--ink:#222;--paper:#fff;--line:#ddd;--quiet:#666;--soft:#f4f4f4;
--bad:#b00020;--good:#106b21;--bar:#4878a8;--was:#c26a00}
@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#161616;--line:#444;--quiet:#aaa;
--soft:#242424;--bad:#ff8a80;--good:#81c784;--bar:#6f9fd0;--was:#ffb74d}}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:84rem;padding:0 1rem;
color:var(--ink);background:var(--paper)}
h1,h2,h3{line-height:1.2}h2{margin:1.6rem 0 .5rem}li{overflow-wrap:anywhere}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(36rem,100%),1fr));gap:0 2.5rem;
align-items:start}
details{border-bottom:1px solid var(--line);padding:.3rem 0}summary{cursor:pointer}
details>:not(summary){margin-left:1.2rem}.quiet{color:var(--quiet)}
.bad{color:var(--bad)}.good{color:var(--good)}.was-text{color:var(--was)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--soft);padding:.6rem;
font-size:13px;max-height:24rem;overflow:auto}
svg{max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
svg .axis{text-anchor:end}.bar{fill:var(--bar)}rect.of{fill:var(--soft)}
line.of{stroke:var(--line)}.was{stroke:var(--was);stroke-width:3}
.level{stroke:var(--was);stroke-dasharray:4 3}
.curve{fill:none;stroke:var(--bar);stroke-width:2}
"""


def html(run: Run, verdict: Verdict, past: Sequence[PastRun] = ()) -> str:
    """The whole page; `past` holds earlier runs of the same suite, oldest first."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>Evals: {escape(run.suite)}</title><style>{_STYLE}</style></head><body>",
            *_summary(run, verdict),
            *(_changed(verdict.changes) if verdict.changes else ()),
            '<div class="plots"><section>',
            *_against_baseline(run, verdict),
            "</section><section>",
            *_by_kind(run, verdict),
            *_latency(run),
            *_drift(past),
            "</section></div>",
            *_questions(run, verdict),
            "</body></html>\n",
        )
    )


def _summary(run: Run, verdict: Verdict) -> Iterator[str]:
    outcome = "passed" if verdict.passed else "failed"
    colour = "good" if verdict.passed else "bad"
    yield f'<h1>{escape(run.suite)}: <span class="{colour}">{outcome}</span></h1>'
    times = latency(run)
    good = sum(case.passed for case in run.cases)
    yield (
        f"<p>{good} of {len(run.cases)} questions pass; asked {run.asked} times as different "
        f"readers, {len(run.leaks)} leaks, {len(run.unmeasured)} scores unmeasured; half of the "
        f"searches within {times['p50_ms']:.0f} ms, 19 of 20 within {times['p95_ms']:.0f} ms.</p>"
    )
    if verdict.findings:
        yield "<ul>"
        for finding in verdict.findings:
            colour = "bad" if finding.blocking else ""
            told = escape(finding.message)
            yield f'<li class="{colour}"><b>{finding.rule}</b> {told}</li>'
        yield "</ul>"


def _changed(changes: Changes) -> Iterator[str]:
    pages = changes.pages
    told = [
        f"{escape(one.name)}: {escape(one.before)} → {escape(one.after)}"
        for one in changes.conditions
    ]
    for what, paths in (
        ("edited", pages.edited),
        ("new", pages.added),
        ("removed", pages.removed),
        ("open to more readers", pages.opened),
        ("closed to some readers", pages.closed),
    ):
        if paths:
            told.append(f"{what}: {escape(', '.join(paths))}")
    if told:
        yield "<h2>What changed since the baseline</h2><ul>"
        yield from (f"<li>{one}</li>" for one in told)
        yield "</ul>"


def _against_baseline(run: Run, verdict: Verdict) -> Iterator[str]:
    yield "<h2>Scores</h2>"
    if verdict.differences:
        yield (
            '<p class="quiet">The <span class="was-text">tick</span> is the baseline; the change '
            "is over the questions that both were asked.</p>"
        )
    rows = []
    for metric, mean in scores_of(run).means.items():
        found = verdict.differences.get(metric)
        before = mean - found.mean if found else None
        note = f"{mean:.3f}" + (f" ({signed(found.mean, 3)})" if found else "")
        rows.append(Bar(metric, mean, note, before))
    yield bars(rows, "means of the metrics, and of the baseline")


def _by_kind(run: Run, verdict: Verdict) -> Iterator[str]:
    yield "<h2>Passed, by kind of question</h2>"
    flips = verdict.changes
    rows = []
    for kind in sorted({case.kind for case in run.cases}):
        mine = [case for case in run.cases if case.kind is kind]
        good = sum(case.passed for case in mine)
        before = None
        if flips is not None:
            broken = sum(flip.case.kind is kind for flip in flips.broken)
            mended = sum(flip.case.kind is kind for flip in flips.mended)
            before = (good + broken - mended) / len(mine)
        rows.append(Bar(kind.value, good / len(mine), f"{good} of {len(mine)}", before))
    yield bars(rows, "share of questions that pass, by kind")


def _latency(run: Run) -> Iterator[str]:
    """Every question's time, from the quickest to the slowest."""
    times = sorted(case.took_ms for case in run.cases)
    if not any(times):
        return
    told = latency(run)
    yield "<h2>Time to search</h2>"
    yield curve(
        times,
        "milliseconds of each search, quickest first",
        top=round(times[-1] + 0.5),
        unit=" ms",
        ends=("the quickest", "the slowest"),
        levels={
            f"half: {told['p50_ms']:.0f} ms": told["p50_ms"],
            f"19/20: {told['p95_ms']:.0f} ms": told["p95_ms"],
        },
    )


def _drift(past: Sequence[PastRun]) -> Iterator[str]:
    rated = [one for one in past if _RATE in one.scores]
    if len(rated) > 1:
        yield "<h2>Pass rate of the runs on this machine</h2>"
        yield curve(
            [one.scores[_RATE] for one in rated],
            "pass rate of each run, oldest first",
            top=1.0,
            ends=(rated[0].made_at[:10], rated[-1].made_at[:10]),
            levels={f"now {rated[-1].scores[_RATE]:.3f}": rated[-1].scores[_RATE]},
        )


def _questions(run: Run, verdict: Verdict) -> Iterator[str]:
    flips: dict[str, tuple[str, Flip]] = {}
    if verdict.changes is not None:
        for name, found in (
            ("slipped", verdict.changes.slipped),
            ("mended", verdict.changes.mended),
            ("broken", verdict.changes.broken),
        ):
            flips.update({flip.case.id: (name, flip) for flip in found})
    rest = [case for case in run.cases if case.id not in flips]
    for title, cases in (
        ("Questions that changed", [case for case in run.cases if case.id in flips]),
        ("Questions that fail", [case for case in rest if not case.passed]),
        ("Questions that pass", [case for case in rest if case.passed]),
    ):
        if cases:
            yield f"<h2>{title} ({len(cases)})</h2>"
            for case in cases:
                yield from _question(case, flips.get(case.id))


def _question(case: Case, flip: tuple[str, Flip] | None) -> Iterator[str]:
    colour, told = ("good", "passed") if case.passed else ("bad", "failed")
    changed = f" <b>{flip[0]}</b>" if flip else ""
    yield (
        f'<details><summary><span class="{colour}">{told}</span>{changed} '
        f"{escape(case.id)}: {escape(case.question)}</summary>"
    )
    must = ", must pass" if case.must_pass else ""
    said = ", and nothing was found to answer it" if case.abstained else ""
    yield f'<p class="quiet">{case.kind.value}, asked as {escape(case.persona)}{must}{said}</p>'
    yield "<ul>"
    yield from _wanted(case, flip)
    yield "</ul><ol>"
    for found in case.passages[:_HITS]:
        gold = "good" if found.document in case.gold_documents else ""
        section = " > ".join(found.section)
        age = found.freshness if found.freshness in ("due", "stale") else ""
        remark = ", ".join(filter(None, (age, "superseded" if found.superseded else "")))
        yield (
            f'<li class="{gold}">{escape(found.document)}:{found.lines[0]}-{found.lines[1]} '
            f'{escape(section)} <span class="quiet">{remark}</span></li>'
        )
    yield "</ol>"
    if case.response is not None and case.response.text:
        yield f"<pre>{escape(case.response.text)}</pre>"
    yield "</details>"


def _wanted(case: Case, flip: tuple[str, Flip] | None) -> Iterator[str]:
    """The pages that answer, with their ranks, and what came in their place and why."""
    if not case.gold_documents:
        yield "<li>no page answers it: it should be refused</li>"
    if flip is None:
        for path in case.gold_documents:
            yield f"<li>answered by {escape(path)}: {rank(case.rank_of(path))}</li>"
        return
    for path, before, after in flip[1].gold:
        yield f"<li>answered by {escape(path)}: {rank(before)} → {rank(after)}</li>"
    for found in flip[1].instead:
        where = f"{found.document}:{found.lines[0]}-{found.lines[1]}"
        yield f"<li>stands before it now: {escape(where)}</li>"
    yield from (f"<li>because {escape(cause)}</li>" for cause in flip[1].causes)
