"""`runbook watch`."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from api.cli.ingest import print_report, tell_of_unreachable
from api.cli.terminal import echo_json
from api.settings import load_settings
from ingest.runs.report import IngestReport


@click.command("watch")
@click.option("--poll", is_flag=True, help="Compare listings: for network mounts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a run on stdout.")
@click.pass_obj
def command(config: Path | None, poll: bool, as_json: bool) -> None:
    """Bring every configured source up to date, and keep it so until stopped."""
    from api.compose.upkeep import run_watch

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def print_run(report: IngestReport) -> None:
        if as_json:
            echo_json(report.to_json())
        else:
            print_report(report)
        tell_of_unreachable(report)

    run_watch(load_settings(config), polling=poll, on_report=print_run, stop=stop)
