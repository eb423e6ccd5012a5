"""`runbook eval lint`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from api.cli import exit_codes


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
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{one.file}:{one.line}: {one.question}: {one.message}")
        click.echo(f"{len(loaded.questions)} questions, {len(found)} problems", err=True)
    ctx.exit(exit_codes.FAILED if found else 0)
