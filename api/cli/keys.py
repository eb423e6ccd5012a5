"""`runbook keys`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli import exit_codes
from api.cli.terminal import echo, echo_json
from api.compose.local import open_catalog
from api.settings import Settings, load_settings
from rag.access.acl import parse_tags

if TYPE_CHECKING:
    from api.records.audit import AuditLog
    from rag.domain.access import KeyInfo

_RIGHTS = ("search", "index", "admin")


@click.group("keys")
def command() -> None:
    """Create, list and revoke API keys; a key carries groups, and reads what they may read."""


@command.command("create")
@click.option("--name", required=True, help="Who or what the key is for.")
@click.option("--group", "groups", multiple=True, metavar="G", help="A group that it carries.")
@click.option("--right", "rights", multiple=True, type=click.Choice(_RIGHTS), help="[search]")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Last day, UTC.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def create(
    config: Path | None,
    name: str,
    groups: tuple[str, ...],
    rights: tuple[str, ...],
    expires: datetime | None,
    as_json: bool,
) -> None:
    """Create a key; it is shown once."""
    until = expires.replace(hour=23, minute=59, second=59, tzinfo=UTC) if expires else None
    settings, given = load_settings(config), frozenset(rights) or frozenset({"search"})
    with open_catalog(settings) as catalog:
        audit = _audit(settings)
        made = catalog.keys.create(name, parse_tags(groups), given, until)
        audit.key_changed("created", made.id, groups=sorted(groups), rights=sorted(given))
    if as_json:
        echo_json({"id": made.id, "key": made.key})
    else:
        echo(made.key)
        echo(f"key {made.id}: keep it now, it is not shown again", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def list_keys(config: Path | None, as_json: bool) -> None:
    """List keys, without the keys themselves."""
    with open_catalog(load_settings(config)) as catalog:
        known = catalog.keys.list()
    if as_json:
        echo_json([_described(info) for info in known])
        return
    for info in known:
        key = _described(info)
        state = "revoked" if key["revoked_at"] else f"until {key['expires_at'] or 'revoked'}"
        echo(
            f"{info.id}  {info.name}  groups {' '.join(key['groups']) or '-'}  "
            f"rights {' '.join(key['rights'])}  {state}"
        )


@command.command("revoke")
@click.argument("identity", metavar="ID")
@click.pass_context
def revoke(ctx: click.Context, identity: str) -> None:
    """Revoke a key, at once."""
    settings = load_settings(ctx.obj)
    with open_catalog(settings) as catalog:
        audit = _audit(settings)
        done = catalog.keys.revoke(identity)
        if done:
            audit.key_changed("revoked", identity)
    echo(f"{identity} is revoked" if done else f"no key {identity} in use", err=not done)
    ctx.exit(0 if done else exit_codes.FAILED)


def _audit(settings: Settings) -> AuditLog:
    from api.compose.parts import make_audit

    def report_failure() -> None:
        echo("the audit log could not be written", err=True)

    return make_audit(settings, report_failure)


def _described(info: KeyInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": info.name,
        "groups": sorted(info.groups),
        "rights": sorted(info.rights),
        "created_at": info.created_at.isoformat(),
        "expires_at": info.expires_at.isoformat() if info.expires_at else None,
        "revoked_at": info.revoked_at.isoformat() if info.revoked_at else None,
    }
