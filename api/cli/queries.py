"""`runbook queries`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from api.cli import exit_codes
from api.cli.terminal import echo, echo_json
from api.compose.local import LOCAL_ADMINISTRATOR, open_catalog
from api.settings import load_settings
from rag.domain.feedback import PrincipalRequests


@click.group("queries")
def command() -> None:
    """Show what the query log holds by principal, and delete from it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def list_principals(config: Path | None, as_json: bool) -> None:
    """List the principals of the query log, the one of the newest request first."""
    from rag.access.acl import access_filter

    with open_catalog(load_settings(config)) as catalog:
        found = catalog.queries.principals(access=access_filter(LOCAL_ADMINISTRATOR))
    if as_json:
        echo_json([_described(one) for one in found])
        return
    for one in found:
        echo(
            f"{one.principal}  {one.requests} requests, {one.first:%Y-%m-%d} to {one.last:%Y-%m-%d}"
        )
    if not found:
        echo("the query log is empty", err=True)


@command.command("delete")
@click.option("--principal", required=True, metavar="NAME", help="As `runbook queries list` says.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def delete(ctx: click.Context, principal: str, as_json: bool) -> None:
    """Delete the requests of a principal, and its feedback. The audit log is not changed."""
    with open_catalog(load_settings(ctx.obj)) as catalog:
        requests, feedback = catalog.queries.delete(principal)
    if as_json:
        echo_json({"principal": principal, "requests": requests, "feedback": feedback})
    elif requests or feedback:
        echo(f"deleted {requests} requests and {feedback} feedback of {principal}")
    else:
        echo(f"the query log has nothing of {principal}: see `runbook queries list`", err=True)
    ctx.exit(0 if requests or feedback else exit_codes.NOTHING_FOUND)


def _described(one: PrincipalRequests) -> dict[str, Any]:
    return {
        "principal": one.principal,
        "requests": one.requests,
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
    }
