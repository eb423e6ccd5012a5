"""`runbook eval lint`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from api.cli import exit_codes
from api.cli.terminal import echo, echo_json


@click.command("lint")
@click.argument("suite", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, suite: Path | None, as_json: bool) -> None:
    """Find gold of SUITE that is gone, and must-pass questions that fail in its baseline."""
    from evals.suite.lint import problems
    from evals.suite.suite import load_suite, shipped_suite

    loaded = load_suite(suite or shipped_suite())
    found = problems(loaded)
    if as_json:
        echo_json([asdict(one) for one in found])
    else:
        for one in found:
            echo(f"{one.file}:{one.line}: {one.question}: {one.message}")
        echo(f"{len(loaded.questions)} questions, {len(found)} problems", err=True)
    ctx.exit(exit_codes.FAILED if found else 0)
