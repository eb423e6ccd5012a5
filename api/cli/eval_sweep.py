"""`runbook eval sweep`."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.progress import shown_progress
from api.cli.terminal import echo, echo_json, echo_text, rich_console
from api.settings import load_settings
from rag.errors import ConfigurationError

if TYPE_CHECKING:
    from evals.running.sweep import Cell

_WIDE = 240


@click.command("sweep")
@click.argument("suite", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="KEY=V1,V2",
    help="A setting and its values, such as chunking.max_tokens=128,256; may be given again.",
)
@click.option(
    "--matrix",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.toml",
    help='The same in a file: "chunking.max_tokens" = [128, 256]',
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown on stdout.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    config: Path | None,
    suite: Path | None,
    given: tuple[str, ...],
    matrix: Path | None,
    as_markdown: bool,
    as_json: bool,
) -> None:
    """Run SUITE with every combination of some settings, and compare each with the first.

    The first value of each setting forms the first combination: put your current values there.
    """
    from api.evals.sweeping import sweep
    from evals.reports.sweep import markdown, print_sweep, report
    from evals.running.sweep import choices, rows
    from evals.suite.suite import load_suite, shipped_suite

    chosen = {**(_from_file(matrix) if matrix else {}), **dict(map(_pair, given))}
    if not chosen:
        raise click.UsageError("give --set KEY=V1,V2 or --matrix FILE.toml")
    cells = choices(chosen)

    def show(cell: Cell) -> None:
        echo(f"{cell.name}: {cell.run.seconds:.1f} s", err=True)

    loaded = load_suite(suite or shipped_suite())
    with shown_progress() as progress:
        table = rows(sweep(load_settings(config), loaded, cells, progress=progress, on_cell=show))
    if as_json:
        echo_json(report(table))
    elif as_markdown:
        echo_text(markdown(table))
    else:
        # A file or a pipe takes lines of any length.
        width = None if sys.stdout.isatty() else _WIDE
        print_sweep(table, rich_console(width=width))


def _pair(argument: str) -> tuple[str, list[str]]:
    key, _, values = argument.partition("=")
    if not key or not values:
        raise click.UsageError(f"--set {argument}: give KEY=V1,V2")
    return key.strip(), [value.strip() for value in values.split(",")]


def _from_file(path: Path) -> dict[str, list[Any]]:
    try:
        matrix = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    wrong = [key for key, values in matrix.items() if not isinstance(values, list) or not values]
    if wrong:
        raise ConfigurationError(
            f'{path}: {wrong[0]}: give a list of values, as in "chunking.max_tokens" = [128, 256]'
        )
    return matrix
