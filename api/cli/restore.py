"""`runbook restore`."""

from __future__ import annotations

from pathlib import Path

import click

from api.settings import load_settings
from rag.errors import IndexMissing


@click.command("restore")
@click.argument(
    "source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace an existing index.")
@click.pass_obj
def command(config: Path | None, source: Path, force: bool) -> None:
    """Put a backup back, and build the vectors from it."""
    from api.compose.bootstrap import open_keeper
    from api.index.backup import restore

    settings = load_settings(config)
    manifest = restore(settings, source, force=force)
    try:
        with open_keeper(settings) as keeper:
            check = keeper.repair()
    except IndexMissing:
        click.echo(f"restored {source} of {manifest.made_at}: nothing had been indexed")
        return
    click.echo(f"restored {source} of {manifest.made_at}: {check.chunks} chunks")
