"""`runbook serve`."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from dataclasses import replace

import click

from api.settings import Settings, load_settings

_MARGIN_SECONDS = 5


@click.command("serve")
@click.option("--host", help="Address to listen on. [default: server.host]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port. [default: server.port]")
@click.option(
    "--ingest",
    is_flag=True,
    help="Bring the configured sources up to date, the first time before it is ready.",
)
@click.option("--watch", is_flag=True, help="Index what changes at once. [default: ingest.watch]")
@click.option("--poll", is_flag=True, help="Watch by comparing listings: for network mounts.")
@click.pass_context
def command(
    ctx: click.Context, host: str | None, port: int | None, ingest: bool, watch: bool, poll: bool
) -> None:
    """Run the HTTP service until it is stopped."""
    from api.compose.serving import open_serving
    from api.http.app import create_app
    from api.http.server import serve, server_config
    from api.records.logs import configure

    settings = _with_watch(load_settings(ctx.obj), watch or poll)
    configure(settings.log.level, settings.log.format)
    with open_serving(settings, polling=poll, ingest=ingest) as services:
        app = create_app(replace(services, warm=_then_exempt_from_collection(services.warm)))
        config = server_config(
            app,
            settings.limits,
            host=host or settings.server.host,
            port=settings.server.port if port is None else port,
            timeout_graceful_shutdown=_max_stop_seconds(settings),
        )
        serve(config, app.state.stopping, settings.server.drain_seconds)


def _then_exempt_from_collection(warm: Callable[[], None]) -> Callable[[], None]:
    """`warm`, after which the garbage collector passes over what is loaded by then.

    That lives until the process ends, and a full collection of it stops every thread for a third
    of a second.
    """

    def warm_and_freeze() -> None:
        warm()
        gc.collect()
        gc.freeze()

    return warm_and_freeze


def _max_stop_seconds(settings: Settings) -> int:
    """How long requests in flight may last: one that has begun, or a stream whose model is slow."""
    stream = settings.server.stop_seconds + settings.ask.timeout
    return math.ceil(max(settings.limits.request_seconds, stream)) + _MARGIN_SECONDS


def _with_watch(settings: Settings, watch: bool) -> Settings:
    if not watch:
        return settings
    ingest = settings.ingest.model_copy(update={"watch": True})
    return settings.model_copy(update={"ingest": ingest})
