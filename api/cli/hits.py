"""Hits as a tired person reads them: what, where, how old, then the passage."""

from __future__ import annotations

import click

from rag.domain import FreshnessStatus, Hit, Risk, SearchResult

_LINES_SHOWN = 14
_COLOUR_OF_RISK = {Risk.MUTATING: "yellow", Risk.DESTRUCTIVE: "red"}


def print_hits(result: SearchResult) -> None:
    """Hits on stdout, best first; that there are none on stderr."""
    if result.no_result:
        click.echo("nothing found", err=True)
    for hit in result.hits:
        if hit.rank > 1:
            click.echo()
        _print_hit(hit)


def _print_hit(hit: Hit) -> None:
    document, lines = hit.document, hit.chunk.lines
    title = click.style(printable(document.metadata.title), bold=True)
    click.echo(f"{hit.rank}. {title}")
    where = f"{printable(document.path)}:{lines.first}-{lines.last}"
    click.echo("   " + click.style(where, fg="cyan") + f"  {_about(hit)}")
    _print_text(printable(hit.chunk.text))
    for command in hit.chunk.commands:
        if command.risk in _COLOUR_OF_RISK:
            label = click.style(f"[{command.risk.value}]", fg=_COLOUR_OF_RISK[command.risk])
            click.echo(f"   {label} line {command.line}: {printable(command.text.splitlines()[0])}")


def _about(hit: Hit) -> str:
    section = " > ".join(printable(title) for title in hit.chunk.section)
    freshness = hit.freshness
    told = freshness.status.value
    if freshness.status is not FreshnessStatus.UNKNOWN:
        told += f", reviewed {freshness.age_days} days ago"
    return " · ".join(part for part in (section, hit.document.metadata.owner, told) if part)


def _print_text(text: str) -> None:
    lines = text.split("\n")
    for line in lines[:_LINES_SHOWN]:
        click.echo(f"     {line}")
    if len(lines) > _LINES_SHOWN:
        click.echo(f"     … {len(lines) - _LINES_SHOWN} more lines")


def printable(text: str) -> str:
    """Text without the control characters with which a page could drive a terminal."""
    return "".join(char for char in text if char in "\n\t" or char.isprintable())
