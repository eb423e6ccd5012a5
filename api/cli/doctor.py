"""`runbook doctor`."""

from __future__ import annotations

import click

from api.cli import exit_codes
from api.cli.terminal import Styled, echo, echo_json
from api.settings import load_settings


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check configuration, models, stores and disk, and say what to do."""
    from api.index.doctor import examine

    findings = examine(load_settings(ctx.obj))
    if as_json:
        report = [{"check": f.check, "ok": f.ok, "detail": f.detail} for f in findings]
        echo_json(report)
    else:
        for finding in findings:
            mark = Styled("ok  ", "green") if finding.ok else Styled("FAIL", "red")
            echo(mark, f"  {finding.check}: {finding.detail}")
    ctx.exit(0 if all(finding.ok for finding in findings) else exit_codes.FAILED)
