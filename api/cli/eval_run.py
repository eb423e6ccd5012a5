"""`runbook eval run`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli import exit_codes
from api.cli.progress import shown_evaluation
from api.cli.terminal import echo, echo_json, rich_console
from api.settings import Settings, load_settings

if TYPE_CHECKING:
    from evals.gate.gate import Verdict
    from evals.running.history import PastRun
    from evals.running.runs import Run
    from evals.suite.suite import Suite


@click.command("run")
@click.argument("suite", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A run to compare with. [default: the suite's own]",
)
@click.option("--gate", is_flag=True, help="End with exit code 4 when the gate fails.")
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write run.json, summary.json, summary.md, junit.xml and report.html here.",
)
@click.option(
    "--save-baseline", is_flag=True, help="Make this run the suite's baseline, whatever it says."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    suite: Path | None,
    baseline: Path | None,
    gate: bool,
    report: Path | None,
    save_baseline: bool,
    as_json: bool,
) -> None:
    """Run SUITE, a folder or a suite.toml; without one, that of the source checkout."""
    from evals.gate.gate import judge
    from evals.reports.last_report import write_last_report
    from evals.running.history import append_run, past_runs
    from evals.running.runs import as_baseline, read_run, write_run
    from evals.suite.suite import load_suite, shipped_suite

    settings = load_settings(ctx.obj)
    loaded = load_suite(suite or shipped_suite())
    run = _run(settings, loaded)
    before = _baseline(loaded, baseline)
    verdict = judge(run, read_run(before) if before else None, loaded.rules)
    folder = settings.evals_folder
    append_run(folder, run, passed=verdict.passed)
    write_last_report(folder, run, verdict)
    if report is not None:
        write_reports(report, run, verdict, past_runs(folder, run.suite))
    _print(run, verdict, as_json=as_json)
    if save_baseline:
        write_run(as_baseline(run), loaded.baseline)
        echo(f"wrote {loaded.baseline}", err=True)
    ctx.exit(exit_codes.GATE_FAILED if gate and not verdict.passed else 0)


def _run(settings: Settings, suite: Suite) -> Run:
    from api.evals.evaluation import evaluate

    with shown_evaluation() as (progress, on_progress):
        return evaluate(settings, suite, progress=progress, on_progress=on_progress)


def _baseline(suite: Suite, asked: Path | None) -> Path | None:
    if asked is not None or suite.baseline.exists():
        return asked or suite.baseline
    echo(
        f"there is no baseline at {suite.baseline}: the gate checks only floors, must-pass "
        "questions and access; --save-baseline creates one",
        err=True,
    )
    return None


def write_reports(folder: Path, run: Run, verdict: Verdict, past: Sequence[PastRun] = ()) -> None:
    """Write the report in every format to a folder."""
    from evals.reports.html import html
    from evals.reports.json_report import report
    from evals.reports.junit import junit
    from evals.reports.markdown import markdown
    from evals.running.runs import write_run

    folder.mkdir(parents=True, exist_ok=True)
    write_run(run, folder / "run.json")
    summary = json.dumps(report(run, verdict), ensure_ascii=False, indent=1)
    (folder / "summary.json").write_text(summary + "\n", encoding="utf-8")
    (folder / "summary.md").write_text(markdown(run, verdict), encoding="utf-8")
    (folder / "junit.xml").write_bytes(junit(run, verdict))
    (folder / "report.html").write_text(html(run, verdict, past), encoding="utf-8")


def _print(run: Run, verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        from evals.reports.json_report import report

        echo_json(report(run, verdict))
        return

    from evals.reports.terminal import print_report

    print_report(run, verdict, rich_console())
