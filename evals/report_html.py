"""A run and its verdict as one HTML file: plots drawn as SVG, and every question with its hits.

Nothing is loaded from anywhere, so that the file can be attached to a build and mailed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from evals.changes import Flip
from evals.gate import Verdict
from evals.history import PastRun
from evals.report_json import latency
from evals.report_terminal import rank
from evals.runs import Case, Run, scores_of
from evals.statistics import signed

_BAR = 260
_ROW = 20
_LABEL = 270
_HITS = 5
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;
color:#222;background:#fff}
h1,h2{line-height:1.2}table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:left;
border-bottom:1px solid #ddd;vertical-align:top}.n{text-align:right}
details{border-bottom:1px solid #ddd;padding:.3rem 0}.bad{color:#b00020}.good{color:#106b21}
pre{white-space:pre-wrap;background:#f5f5f5;padding:.6rem;overflow-wrap:anywhere}
svg text{font:12px system-ui,sans-serif;fill:#222}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}pre{background:#242424}
svg text{fill:#ddd}td,th,details{border-color:#444}.bad{color:#ff8a80}.good{color:#81c784}}
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
            "<h2>Scores against the baseline</h2>",
            _against_baseline(run, verdict),
            "<h2>Passed, by kind of question</h2>",
            _by_kind(run),
            "<h2>Time to search</h2>",
            _latency(run),
            *_drift(past),
            "<h2>Questions</h2>",
            *_questions(run, verdict),
            "</body></html>\n",
        )
    )


def _summary(run: Run, verdict: Verdict) -> Iterator[str]:
    outcome = "passed" if verdict.passed else "failed"
    colour = "good" if verdict.passed else "bad"
    yield f'<h1>{escape(run.suite)}: <span class="{colour}">{outcome}</span></h1>'
    times = latency(run)
    yield (
        f"<p>{len(run.cases)} questions, asked {run.asked} times as different readers; "
        f"{len(run.leaks)} leaks, {len(run.unmeasured)} scores unmeasured; half of the searches "
        f"within {times['p50_ms']:.0f} ms, 19 of 20 within {times['p95_ms']:.0f} ms.</p><ul>"
    )
    for finding in verdict.findings:
        colour = "bad" if finding.blocking else ""
        yield f'<li class="{colour}"><b>{finding.rule}</b> {escape(finding.message)}</li>'
    yield "</ul>"


def _against_baseline(run: Run, verdict: Verdict) -> str:
    rows = []
    for metric, mean in scores_of(run).means.items():
        found = verdict.differences.get(metric)
        before = mean - found.mean if found else None
        note = f"{mean:.3f}" + (f" ({signed(found.mean, 3)})" if found else "")
        rows.append((metric, mean, before, note))
    return _bars(rows)


def _by_kind(run: Run) -> str:
    rows = [
        (kind, means["pass_rate"], None, f"{means['pass_rate']:.2f}")
        for kind, means in scores_of(run).by_kind.items()
        if "pass_rate" in means
    ]
    return _bars(rows)


def _bars(rows: Sequence[tuple[str, float, float | None, str]]) -> str:
    """A bar a row from 0 to 1; a tick stands where the baseline was."""
    height = _ROW * len(rows) + 4
    parts = [f'<svg width="{_LABEL + _BAR + 130}" height="{height}" role="img">']
    for place, (name, value, before, note) in enumerate(rows):
        y = place * _ROW
        width = round(_BAR * min(1.0, max(0.0, value)), 1)
        parts.append(f'<text x="0" y="{y + 14}">{escape(name)}</text>')
        parts.append(
            f'<rect x="{_LABEL}" y="{y + 3}" width="{width}" height="{_ROW - 6}" fill="#4878a8"/>'
        )
        if before is not None:
            x = _LABEL + round(_BAR * min(1.0, max(0.0, before)), 1)
            parts.append(
                f'<line x1="{x}" x2="{x}" y1="{y}" y2="{y + _ROW}" stroke="#d08000" '
                'stroke-width="3"/>'
            )
        parts.append(f'<text x="{_LABEL + _BAR + 8}" y="{y + 14}">{escape(note)}</text>')
    return "".join((*parts, "</svg>"))


def _latency(run: Run) -> str:
    """Every question's time, in order, as one line."""
    times = sorted(case.took_ms for case in run.cases)
    top = max(times, default=0.0) or 1.0
    points = [(index / max(1, len(times) - 1), value / top) for index, value in enumerate(times)]
    return _line(points, f"{top:.0f} ms")


def _drift(past: Sequence[PastRun]) -> Iterator[str]:
    rates = [one.scores["pass_rate"] for one in past if "pass_rate" in one.scores]
    if len(rates) > 1:
        yield "<h2>Pass rate of the runs on this machine</h2>"
        yield _line([(at / (len(rates) - 1), rate) for at, rate in enumerate(rates)], "1.0")


def _line(points: Sequence[tuple[float, float]], top: str) -> str:
    width, height = 640, 140
    told = " ".join(f"{50 + x * width:.1f},{10 + (1 - y) * height:.1f}" for x, y in points)
    return (
        f'<svg width="{width + 70}" height="{height + 24}" role="img">'
        f'<text x="0" y="16">{escape(top)}</text><text x="0" y="{height + 12}">0</text>'
        f'<polyline points="{told}" fill="none" stroke="#4878a8" stroke-width="2"/></svg>'
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
    for case in sorted(run.cases, key=lambda one: (one.id not in flips, one.passed)):
        yield from _question(case, flips.get(case.id))


def _question(case: Case, flip: tuple[str, Flip] | None) -> Iterator[str]:
    colour, told = ("good", "passed") if case.passed else ("bad", "failed")
    changed = f", <b>{flip[0]}</b>" if flip else ""
    yield (
        f'<details><summary><span class="{colour}">{told}</span>{changed} '
        f"{escape(case.id)}: {escape(case.question)}</summary>"
    )
    yield f"<p>{case.kind.value}, asked as {escape(case.persona)}</p>"
    if flip is not None:
        yield "<ul>"
        for path, before, after in flip[1].gold:
            yield f"<li>{escape(path)}: {rank(before)} → {rank(after)}</li>"
        for found in flip[1].instead:
            where = f"{found.document}:{found.lines[0]}-{found.lines[1]}"
            yield f"<li>stands before it now: {escape(where)}</li>"
        yield from (f"<li>because {escape(cause)}</li>" for cause in flip[1].causes)
        yield "</ul>"
    yield "<ol>"
    for found in case.passages[:_HITS]:
        gold = "good" if found.document in case.gold_documents else ""
        section = " > ".join(found.section)
        yield (
            f'<li class="{gold}">{escape(found.document)}:{found.lines[0]}-{found.lines[1]} '
            f"{escape(section)}</li>"
        )
    yield "</ol>"
    if case.response is not None:
        yield f"<pre>{escape(case.response.text)}</pre>"
    yield "</details>"
