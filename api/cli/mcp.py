"""`runbook mcp`."""

from __future__ import annotations

import click

from api.cli.principal import local_principal
from api.settings import load_settings


@click.command("mcp")
@click.option("--as", "tags", multiple=True, metavar="TAG", help="Ask as one with these tags.")
@click.pass_context
def command(ctx: click.Context, tags: tuple[str, ...]) -> None:
    """Offer the search to an assistant, as an MCP server on stdin and stdout.

    Without --as the assistant reads everything, as the local administrator does.
    """
    settings = load_settings(ctx.obj)
    principal = local_principal(settings, tags)

    import anyio
    from mcp.server.stdio import stdio_server

    from api.compose.reading import open_reading
    from api.mcp.server import mcp_server
    from api.records.logs import configure

    configure(settings.log.level, settings.log.format)
    with open_reading(settings, traced=True) as services:
        server = mcp_server(services, lambda _: principal)

        async def serve() -> None:
            async with stdio_server() as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())

        anyio.run(serve)
