"""`runbook serve`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from api.cli.serve_settings import service_config, warm_then_freeze
from api.settings import Settings, load_settings
from api.settings.doors import MAX_WORKERS


@click.command("serve")
@click.option("--host", help="Address to listen on. [default: server.host]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port. [default: server.port]")
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    help="Processes that answer. [default: server.workers]",
)
@click.option(
    "--ingest",
    is_flag=True,
    help="Bring the configured sources up to date, the first time before it is ready.",
)
@click.option("--watch", is_flag=True, help="Index what changes at once. [default: ingest.watch]")
@click.option("--poll", is_flag=True, help="Watch by comparing listings: for network mounts.")
@click.pass_context
def command(
    ctx: click.Context,
    host: str | None,
    port: int | None,
    workers: int | None,
    ingest: bool,
    watch: bool,
    poll: bool,
) -> None:
    """Run the HTTP service until it is stopped."""
    settings = _with_watch(load_settings(ctx.obj), watch or poll)
    given = {"host": host, "port": port, "workers": workers}
    settings = _with_server(settings, {key: one for key, one in given.items() if one is not None})
    if settings.server.workers > 1:
        from api.cli.serve_workers import serve_with_workers

        serve_with_workers(settings, polling=poll, ingest=ingest)
    else:
        _serve(settings, polling=poll, ingest=ingest)


def _serve(settings: Settings, *, polling: bool, ingest: bool) -> None:
    """Serve with this process alone."""
    from api.compose.serving import open_serving
    from api.http.app import create_app
    from api.http.server import serve
    from api.records.logs import configure

    configure(settings.log.level, settings.log.format)
    with open_serving(settings, polling=polling, ingest=ingest) as services:
        app = create_app(replace(services, warm=warm_then_freeze(services.warm)))
        config = service_config(app, settings)
        serve(config, app.state.stopping, settings.server.drain_seconds)


def _with_server(settings: Settings, given: dict[str, Any]) -> Settings:
    server = settings.server.model_copy(update=given)
    return settings.model_copy(update={"server": server})


def _with_watch(settings: Settings, watch: bool) -> Settings:
    if not watch:
        return settings
    ingest = settings.ingest.model_copy(update={"watch": True})
    return settings.model_copy(update={"ingest": ingest})
