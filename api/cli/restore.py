"""`runbook restore`."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.terminal import echo
from api.settings import load_settings


@click.command("restore")
@click.argument(
    "source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace an existing index.")
@click.pass_obj
def command(config: Path | None, source: Path, force: bool) -> None:
    """Restore a backup, and build the vectors from it."""
    from api.compose.backup import restore

    manifest, chunks = restore(load_settings(config), source, force=force)
    found = "nothing had been indexed" if chunks is None else f"{chunks} chunks"
    echo(f"restored {source} of {manifest.made_at}: {found}")
