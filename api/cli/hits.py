"""Hits as a tired person reads them: what, where, how old, then the passage."""

from __future__ import annotations

import re

import click

from rag.domain.documents import FreshnessStatus, Risk
from rag.domain.search import Hit, SearchResult

_LINES_SHOWN = 14
_ROUNDING = 1e-6
_COLOUR_OF_RISK = {Risk.UNKNOWN: "magenta", Risk.MUTATING: "yellow", Risk.DESTRUCTIVE: "red"}

# Half a loop on a line of its own, in which nothing is run.
_HALF_A_LOOP = re.compile(r"do|done|then|else|fi|esac|for \w+ in [^;$(`]*; *do")


def print_hits(result: SearchResult, *, explain: bool = False) -> None:
    """Hits on stdout, best first; that nothing answers, or that there is nothing, on stderr."""
    if not result.hits:
        click.echo("nothing found", err=True)
    elif result.no_result:
        click.echo("nothing here seems to answer that; the nearest pages are:", err=True)
    for hit in result.hits:
        if hit.rank > 1:
            click.echo()
        _print_hit(hit)
        if explain:
            _print_explanation(hit)


def _print_hit(hit: Hit) -> None:
    document, lines = hit.document, hit.chunk.lines
    title = click.style(printable(document.metadata.title), bold=True)
    click.echo(f"{hit.rank}. {title}")
    where = f"{printable(document.path)}:{lines.first}-{lines.last}"
    click.echo("   " + click.style(where, fg="cyan") + f"  {_about(hit)}")
    _print_text(printable(hit.chunk.text))
    for command in hit.chunk.commands:
        first = command.text.splitlines()[0]
        if command.risk in _COLOUR_OF_RISK and not _HALF_A_LOOP.fullmatch(first.strip()):
            label = click.style(f"[{command.risk.value}]", fg=_COLOUR_OF_RISK[command.risk])
            click.echo(f"   {label} line {command.line}: {printable(first)}")


def _print_explanation(hit: Hit) -> None:
    told = hit.explanation
    click.echo(f"   score {hit.score:.3f} = page {told.page_score:.3f} x {told.passage_share:.3f}")
    for lane in told.contributions:
        place = "not found by it" if lane.rank is None else f"rank {lane.rank}, {lane.raw:.3f}"
        click.echo(f"     {lane.lane:<13} {lane.points:+.3f}  ({place})")
    if told.prior < 1 - _ROUNDING:
        click.echo(f"     x {told.prior:.3f} for its age, or because another page supersedes it")
    if told.prior > 1 + _ROUNDING:
        click.echo(f"     x {told.prior:.3f} for being about what the question names")


def _about(hit: Hit) -> str:
    section = " > ".join(printable(title) for title in hit.chunk.section)
    freshness = hit.freshness
    told = freshness.status.value
    if freshness.status is not FreshnessStatus.UNKNOWN:
        told += f", reviewed {freshness.age_days} days ago"
    successors = ", ".join(printable(path) for path in hit.superseded_by)
    superseded = f"superseded by {successors}" if successors else ""
    parts = (section, hit.document.metadata.owner, told, superseded)
    return " · ".join(part for part in parts if part)


def _print_text(text: str) -> None:
    lines = text.split("\n")
    for line in lines[:_LINES_SHOWN]:
        click.echo(f"     {line}")
    if len(lines) > _LINES_SHOWN:
        click.echo(f"     … {len(lines) - _LINES_SHOWN} more lines")


def printable(text: str) -> str:
    """Text without the control characters with which a page could drive a terminal."""
    return "".join(char for char in text if char in "\n\t" or char.isprintable())
