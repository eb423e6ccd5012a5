"""`runbook ingest`."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from api.cli import exit_codes
from api.cli.progress import shown_progress
from api.cli.terminal import echo, echo_json
from api.settings import load_settings
from ingest.formats import SUFFIXES
from ingest.runs.report import IngestReport
from rag.access.acl import parse_tags

_MAX_NOTES = 20


@click.command("ingest")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--acl", multiple=True, metavar="TAG", help="Readers of documents that declare none.")
@click.option("--source", metavar="NAME", help="One configured source alone.")
@click.option("--git-pull", is_flag=True, help="Fetch git sources first.")
@click.option("--full", is_flag=True, help="Index unchanged files again as well.")
@click.option("--prune/--no-prune", default=True, help="Delete what is gone from disk. [default]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    acl: tuple[str, ...],
    source: str | None,
    git_pull: bool,
    full: bool,
    prune: bool,
    as_json: bool,
) -> None:
    """Make the index equal to the files of PATH, or of every configured source."""
    started = time.monotonic()
    from api.compose.indexing import run_ingest

    settings = load_settings(ctx.obj)
    with shown_progress() as progress:
        report = run_ingest(
            settings,
            paths,
            source=source,
            pull=git_pull,
            acl=parse_tags(acl) if acl else None,
            prune=prune,
            full=full,
            progress=progress,
        )
    # What a person waits for: loading libraries and a model as well.
    report = replace(report, seconds=round(time.monotonic() - started, 3))
    if as_json:
        echo_json(report.to_json())
    else:
        print_report(report)
    _print_notes(report)
    _tell_of_skipped(report)
    _tell_of_suspicious(report)
    _report_secrets(report)
    _tell_of_unreadable(report)
    tell_of_unreachable(report)
    _tell_of_empty(report)
    if report.unreachable:
        ctx.exit(exit_codes.FAILED)
    ctx.exit(exit_codes.QUARANTINED if report.quarantined else 0)


def print_report(report: IngestReport) -> None:
    """What a run did, on stdout."""
    echo(
        f"{report.added} added, {report.updated} updated, {report.deleted} deleted, "
        f"{report.unchanged} unchanged, {len(report.quarantined)} quarantined; "
        f"{report.chunks} chunks in {report.seconds:.1f} s"
    )
    for item in report.quarantined:
        line = f":{item.line}" if item.line else ""
        echo(f"quarantined  {item.path}{line}: {item.reason}")


def tell_of_unreachable(report: IngestReport) -> None:
    """Which sources could not be reached, on stderr."""
    for problem in report.unreachable:
        echo(f"not reached  {problem}", err=True)


def _tell_of_empty(report: IngestReport) -> None:
    for place in report.empty:
        echo(
            f"no document found in {place}: read are {', '.join(sorted(SUFFIXES))}; hidden files "
            "and those in .runbookignore are not",
            err=True,
        )


def _tell_of_skipped(report: IngestReport) -> None:
    if report.skipped:
        counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(report.skipped.items()))
        echo(f"skipped  files of formats that are not read: {counts}", err=True)


def _print_notes(report: IngestReport) -> None:
    """What was dropped of the documents' metadata, on stderr; `runbook lint` lists all of it."""
    for item in report.notes[:_MAX_NOTES]:
        echo(f"note  {item.path}:{item.line}: {item.text}", err=True)
    if len(report.notes) > _MAX_NOTES:
        more = len(report.notes) - _MAX_NOTES
        echo(f"note  and {more} more; `runbook lint` lists them, and so does --json", err=True)


def _tell_of_suspicious(report: IngestReport) -> None:
    for item in report.suspicious:
        echo(f"suspicious  {item.path}:{item.line}: {item.reason}", err=True)


def _report_secrets(report: IngestReport) -> None:
    for item in report.secrets:
        echo(f"secret  {item.path}:{item.line}: {item.kind}", err=True)
    if report.secrets:
        echo(
            f"{len(report.secrets)} secrets were left out of the index: rotate them, and say in "
            "the documents where they are kept instead",
            err=True,
        )


def _tell_of_unreadable(report: IngestReport) -> None:
    if report.unreadable:
        echo(
            f"{report.unreadable} documents can be read by administrators alone: give them an "
            "`acl` in their front matter, a .runbook-acl.yaml in their folder, or an `acl` on "
            "their source (--acl for a path), and ingest again",
            err=True,
        )
