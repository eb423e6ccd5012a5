"""`runbook doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from api.cli import exit_codes
from api.cli.terminal import Styled, echo, echo_json
from api.settings import load_settings

if TYPE_CHECKING:
    from api.index.doctor import Finding


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check configuration, models, stores and disk, and say what to do."""
    from api.index.doctor import examine

    findings: list[Finding] = []
    for finding in examine(load_settings(ctx.obj)):
        findings.append(finding)
        if not as_json:  # each as soon as it is known: a model may take many seconds to load
            echo(_mark(finding), f"  {finding.check}: {finding.detail}")
    if as_json:
        echo_json([asdict(finding) for finding in findings])
    ctx.exit(0 if all(finding.ok for finding in findings) else exit_codes.FAILED)


def _mark(finding: Finding) -> Styled:
    if finding.warning:
        return Styled("warn", "yellow")
    return Styled("ok  ", "green") if finding.ok else Styled("FAIL", "red")
