"""`runbook incident`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta, timezone, tzinfo
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli import exit_codes
from api.cli.incident_text import shown_lines
from api.cli.principal import local_principal
from api.cli.progress import shown_bytes
from api.cli.terminal import echo, echo_json, echo_lines, echo_text
from api.settings import load_settings
from rag.errors import ConfigurationError, InvalidPayload, PermissionDenied
from rag.incidents.facts import InputKind

if TYPE_CHECKING:
    from api.compose.services import Services
    from rag.domain.access import Principal

_ZONE = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)")
_STDIN = "-"
Tags = tuple[str, ...]


def _as_option(command: Callable[..., None]) -> Callable[..., None]:
    option = click.option("--as", "tags", multiple=True, metavar="TAG", help="Act as one with it.")
    return option(command)


def _json_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")(command)


@click.group("incident")
def command() -> None:
    """Logs, events, alerts, deploys and metrics to a timeline, hypotheses and drafts."""


@contextmanager
def _services(config: Path | None, tags: Tags) -> Iterator[tuple[Services, Principal]]:
    settings = load_settings(config)
    from api.compose.reading import open_reading

    with open_reading(settings) as services:
        yield services, local_principal(settings, tags)


@command.command("open")
@click.argument("name")
@click.option("--acl", "acl", multiple=True, metavar="TAG", help="Who may see it besides you.")
@click.option("--service", "names", multiple=True, metavar="S", help="A service that it is about.")
@_as_option
@_json_option
@click.pass_obj
def open_incident(
    config: Path | None, name: str, acl: Tags, names: Tags, tags: Tags, as_json: bool
) -> None:
    """Open the incident NAME, and show similar ones of the past."""
    from api.wire.incidents import opened_to_wire

    with _services(config, tags) as (services, principal):
        try:
            made, similar = services.incidents.open(
                name, principal=principal, acl=acl, services=names
            )
        except (InvalidPayload, PermissionDenied) as error:
            raise ConfigurationError(str(error)) from error
    if as_json:
        echo_json(opened_to_wire(made, similar))
        return
    echo(f"opened {made.id}")
    for hit in similar:
        where = f"{hit.document.path}:{hit.chunk.lines.first}"
        echo(f"  similar: {where}  ", hit.document.metadata.title)


@command.command("add")
@click.argument("incident_id", metavar="ID")
@click.option("--logs", multiple=True, metavar="FILE", help="Logs of any form; - for stdin.")
@click.option("--events", multiple=True, metavar="FILE", help="kubectl get events -o json.")
@click.option("--alerts", multiple=True, metavar="FILE", help="Payloads of alerts.")
@click.option("--deploys", multiple=True, metavar="FILE", help="Deploys, or git log.")
@click.option("--metrics", multiple=True, metavar="FILE", help="query_range JSON, or CSV.")
@click.option("--zone", metavar="+HH:MM", help="The zone of times that name none. [UTC]")
@_as_option
@_json_option
@click.pass_obj
def add(
    config: Path | None,
    /,
    incident_id: str,
    zone: str | None,
    tags: Tags,
    as_json: bool,
    **files: Tags,
) -> None:
    """Add inputs to the incident ID; a file of the same name is replaced."""
    from api.wire.incidents import input_to_wire

    chosen = [(kind, name) for kind in InputKind for name in files[kind.value]]
    if not chosen:
        options = ", ".join(f"--{kind.value}" for kind in InputKind)
        raise click.UsageError(f"give at least one of {options}")
    read: list[dict[str, Any]] = []
    with _services(config, tags) as (services, principal):
        for kind, name in chosen:
            with _opened(name) as data, shown_bytes(name, _size(name)) as on_progress:
                try:
                    added = services.incidents.add(
                        incident_id,
                        _input_name(name),
                        kind,
                        data,
                        principal=principal,
                        zone=_zone(zone),
                        on_progress=on_progress,
                    )
                except InvalidPayload as error:
                    raise ConfigurationError(f"{name}: {error}") from error
            read.append(input_to_wire(added))
            if not as_json:
                undated = f", {added.undated} without a time" if added.undated else ""
                echo(f"{added.name}: {added.records:,} records of {kind.value}{undated}")
    if as_json:
        echo_json({"inputs": read})


@command.command("show")
@click.argument("incident_id", metavar="ID")
@click.option("--all", "show_all", is_flag=True, help="The whole timeline.")
@_as_option
@_json_option
@click.pass_context
def show(ctx: click.Context, incident_id: str, show_all: bool, tags: Tags, as_json: bool) -> None:
    """Timeline, first symptom, changes before it, hypotheses, and commands to look with."""
    from api.wire.incidents import view_to_wire

    with _services(ctx.obj, tags) as (services, principal):
        view = services.incidents.view(incident_id, principal=principal)
    if as_json:
        echo_json(view_to_wire(view))
    else:
        echo_lines(shown_lines(view, show_all=show_all))
    ctx.exit(0 if view.analysis.timeline else exit_codes.NOTHING_FOUND)


@command.command("report")
@click.argument("incident_id", metavar="ID")
@_as_option
@click.pass_obj
def report(config: Path | None, incident_id: str, tags: Tags) -> None:
    """A draft of the report, as Markdown."""
    from rag.incidents.drafting import draft_report

    with _services(config, tags) as (services, principal):
        view = services.incidents.view(incident_id, principal=principal)
        text = draft_report(view, services.incidents.prose.summary(view))
    echo_text(text)


@command.command("status")
@click.argument("incident_id", metavar="ID")
@_as_option
@click.pass_obj
def status(config: Path | None, incident_id: str, tags: Tags) -> None:
    """A draft of a status for people outside engineering, as Markdown."""
    from rag.incidents.drafting import draft_status

    with _services(config, tags) as (services, principal):
        view = services.incidents.view(incident_id, principal=principal)
        text = draft_status(view, services.now(), services.incidents.prose.status(view))
    echo_text(text)


@command.command("close")
@click.argument("incident_id", metavar="ID")
@_as_option
@_json_option
@click.pass_obj
def close(config: Path | None, incident_id: str, tags: Tags, as_json: bool) -> None:
    """Close the incident ID and keep its note, where `incidents.notes` is set."""
    from api.wire.incidents import incident_to_wire
    from rag.incidents.drafting import draft_note

    with _services(config, tags) as (services, principal):
        closed = services.incidents.close(incident_id, principal=principal, write=draft_note)
    if as_json:
        echo_json(incident_to_wire(closed))
        return
    echo(f"closed {closed.id}")
    if closed.note:
        echo(f"note {closed.note}: `runbook ingest` indexes it")
    else:
        echo("no note was kept: set incidents.notes in runbook.toml to a folder", err=True)


@command.command("list")
@_as_option
@_json_option
@click.pass_obj
def list_incidents(config: Path | None, tags: Tags, as_json: bool) -> None:
    """The incidents, the newest first."""
    from api.wire.incidents import incident_to_wire

    with _services(config, tags) as (services, principal):
        found = services.incidents.list(principal=principal)
    if as_json:
        echo_json({"incidents": [incident_to_wire(one) for one in found]})
        return
    for one in found:
        state = "closed" if one.closed_at else "open"
        echo(f"{one.opened_at:%Y-%m-%d %H:%M}Z  {state:<6}  {one.id}  ", one.name)


@contextmanager
def _opened(name: str) -> Iterator[BufferedReader[Any]]:
    if name == _STDIN:
        stream: Any = sys.stdin.buffer
        is_real = isinstance(stream, BufferedReader)  # not what a test puts in its place
        yield stream if is_real else BufferedReader(BytesIO(stream.read()))
        return
    try:
        with Path(name).open("rb") as data:
            yield data
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be read: {error.strerror}") from error


def _input_name(name: str) -> str:
    return "stdin" if name == _STDIN else Path(name).name


def _size(name: str) -> int | None:
    path = Path(name)
    return path.stat().st_size if name != _STDIN and path.is_file() else None


def _zone(raw: str | None) -> tzinfo:
    if raw is None:
        return UTC
    match = _ZONE.fullmatch(raw)
    if match is None:
        raise click.UsageError("--zone: write an offset such as +02:00")
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    return timezone(-offset if match["sign"] == "-" else offset)
