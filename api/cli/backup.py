"""`runbook backup`."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.terminal import echo
from api.settings import load_settings


@click.command("backup")
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def command(config: Path | None, target: Path) -> None:
    """Write the catalog, the prompts in use and the configuration to FILE, also while serving."""
    from api.compose.backup import back_up

    manifest = back_up(load_settings(config), target)
    echo(f"wrote {target}: {len(manifest.files)} files, schema {manifest.schema}")
