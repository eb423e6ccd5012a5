"""An answer as a tired person reads it: the text, then where each marker points."""

from __future__ import annotations

import click

from api.cli.hits import printable
from rag.domain.answers import Answer, Citation
from rag.domain.documents import FreshnessStatus


def print_answer(answer: Answer) -> None:
    """The text and its citations on stdout, notices on stderr."""
    for line in printable(answer.text).split("\n"):
        click.echo(click.style(line, bold=True) if line.startswith("### ") else line)
    if answer.citations:
        click.echo()
    for citation in answer.citations:
        click.echo(_told(citation))
    for notice in answer.notices:
        click.echo(f"note: {printable(notice)}", err=True)
    prompt = f"{answer.prompt} ({answer.prompt_hash})"
    click.echo(f"note: answered by {printable(answer.model)}, prompt {prompt}", err=True)


def _told(citation: Citation) -> str:
    hit = citation.hit
    document, lines = hit.document, hit.chunk.lines
    where = click.style(f"{printable(document.path)}:{lines.first}-{lines.last}", fg="cyan")
    section = " > ".join(printable(title) for title in hit.chunk.section)
    seen = hit.freshness
    reviewed = "never reviewed" if seen.last_reviewed is None else f"reviewed {seen.last_reviewed}"
    if seen.status is FreshnessStatus.STALE:
        reviewed = click.style(f"stale, {reviewed}", fg="yellow")
    told = [section, f"revision {document.revision[:12]}", reviewed]
    if not citation.supported:
        told.append(click.style("some statements that cite this are not supported by it", fg="red"))
    return f"[{citation.marker}] {where}  " + " · ".join(part for part in told if part)
