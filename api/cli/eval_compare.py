"""`runbook eval compare`."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.terminal import echo, echo_json, rich_console


@click.command("compare")
@click.argument("before", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("after", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(before: Path, after: Path, as_json: bool) -> None:
    """Say what lies between two runs, as `eval run --report` writes them."""
    from evals.gate.gate import judge
    from evals.gate.rules import GateRules
    from evals.reports.json_report import report
    from evals.running.changes import differing
    from evals.running.runs import read_run

    earlier, run = read_run(before), read_run(after)
    verdict, differ = judge(run, earlier, GateRules()), differing(earlier, run)
    if as_json:
        summary = {**report(run, verdict), "differing": list(differ)}
        echo_json(summary)
        return

    from evals.reports.terminal import print_report

    print_report(run, verdict, rich_console())
    echo(f"{len(differ)} questions differ in hits, answer or a score; times do not count")
