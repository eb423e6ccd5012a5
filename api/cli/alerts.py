"""`runbook alerts`."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from api.cli import exit_codes
from api.cli.principal import local_principal
from api.cli.terminal import echo_json, echo_lines
from api.settings import load_settings
from rag.alerts.payloads import parse_alerts
from rag.alerts.storms import AlertGroup
from rag.alerts.triage import DEFAULT_RUNBOOKS, Triage
from rag.errors import ConfigurationError, InvalidPayload

_GROUPS_SHOWN = 5  # with four lines each, one screen
_NAMES_SHOWN = 3
_MAX_BYTES = 64 * 1024**2


@click.command("alerts")
@click.argument("file", metavar="FILE|-")
@click.option("-k", default=DEFAULT_RUNBOOKS, type=click.IntRange(1, 20), help="Runbooks a group.")
@click.option("--as", "tags", multiple=True, metavar="TAG", help="Read as one with these tags.")
@click.option("--all", "show_all", is_flag=True, help="Show every group, not the first 5.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(
    ctx: click.Context, file: str, k: int, tags: tuple[str, ...], show_all: bool, as_json: bool
) -> None:
    """Group the alerts of FILE by the runbook that answers them.

    FILE, or stdin for -, is a payload of Alertmanager (version 4) or Grafana, or
    {"alerts":[{"name","labels","annotations","starts_at","status"}]}.
    """
    settings = load_settings(ctx.obj)
    try:
        alerts = parse_alerts(read_json(file))
    except InvalidPayload as error:
        raise ConfigurationError(f"{file}: {error}") from error
    from api.compose.reading import open_reading

    with open_reading(settings) as services:
        principal = local_principal(settings, tags)
        triage = services.alerts.triage(alerts, principal=principal, k=k)
    if as_json:
        from api.wire.alerts import triage_to_wire

        echo_json(triage_to_wire(triage, uuid.uuid4().hex))
    else:
        echo_lines(_lines(triage, None if show_all else _GROUPS_SHOWN))
    found = any(group.match.hits for group in triage.groups)
    ctx.exit(0 if found else exit_codes.NOTHING_FOUND)


def read_json(file: str) -> object:
    """The JSON document in a file, or on stdin for `-`. Raises ConfigurationError."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise ConfigurationError(f"{file}: is larger than {_MAX_BYTES // 1024**2} MiB")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: is not valid JSON: {error}") from error


def _lines(triage: Triage, max_groups: int | None) -> Iterator[str]:
    groups = triage.groups
    alerts = sum(len(group.alerts) for group in groups)
    firing = sum(group.firing for group in groups)
    yield f"{_count(alerts, 'alert')} in {_count(len(groups), 'group')}, {firing} firing"
    for number, group in enumerate(groups[:max_groups], start=1):
        yield ""
        yield from _group_lines(number, group)
    if max_groups is not None and len(groups) > max_groups:
        yield ""
        yield f"… {len(groups) - max_groups} more groups: --all shows them"
    if triage.unsearched:
        yield f"{triage.unsearched} alerts are of too many different rules: no runbook looked up"


def _group_lines(number: int, group: AlertGroup) -> Iterator[str]:
    first, last = group.span
    since = f" · since {first:%Y-%m-%d %H:%M:%S}Z, last {last:%H:%M:%S}Z" if first and last else ""
    counts = f"{_count(len(group.alerts), 'alert')}, {_count(group.problems, 'problem')}"
    state = f"{group.firing} firing" if group.firing else "resolved"
    yield f"{number}. {_by_frequency(group.names)} · {counts}, {state}{since}"
    if group.services:
        yield f"   services: {_by_frequency(group.services)}"
    if not group.match.hits:
        yield "   no runbook found"
        return
    by = group.match.matched_by
    for hit in group.match.hits if group.match.ambiguous else group.match.hits[:1]:
        lines, title = hit.chunk.lines, hit.document.metadata.title
        yield f"   {hit.document.path}:{lines.first}-{lines.last}  {title} (by {by})"
    if group.match.ambiguous:
        yield "   ambiguous: these documents claim it equally; read them all"
    if group.first_check:
        command = group.first_check.text.split("\n")[0]
        yield f"   first check: {command}  ({group.first_check.place})"


def _by_frequency(counts: Mapping[str, int]) -> str:
    shown = [f"{name or 'no name'} ({count})" for name, count in counts.items()]
    rest = f" and {len(shown) - _NAMES_SHOWN} more" if len(shown) > _NAMES_SHOWN else ""
    return ", ".join(shown[:_NAMES_SHOWN]) + rest


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
