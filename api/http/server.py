"""The server that the application runs in, with limits on what comes before any request."""

from __future__ import annotations

import resource
from typing import Any

import uvicorn
from fastapi import FastAPI

from api.http.listening import address_text, cannot_listen
from api.http.protocol import limited_protocol
from api.http.stopping import DrainingServer, Stopping
from api.settings.access import LimitSettings
from rag.errors import ServiceNotStarted

# File descriptors besides connections: the catalog per thread, the index, models, logs.
_OTHER_FILES = 1024


def server_config(app: FastAPI, limits: LimitSettings, **where: Any) -> uvicorn.Config:
    """`where` names host and port. No header of a request changes the address that it is from."""
    return uvicorn.Config(
        app,
        http=limited_protocol(limits),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=limits.keep_alive_seconds,
        h11_max_incomplete_event_size=limits.header_bytes,
        **where,
    )


def serve(config: uvicorn.Config, stopping: Stopping, drain_seconds: float = 0) -> None:
    """Serve until it is stopped. Raises ServiceNotStarted where that cannot begin.

    After SIGTERM it accepts requests for another `drain_seconds`, while it is not ready.
    """
    run(DrainingServer(config, stopping, drain_seconds))


def run(server: uvicorn.Server) -> None:
    """Run a server until it is stopped. Raises ServiceNotStarted where that cannot begin.

    The library would end the process with 3, which says something else of a command here.
    """
    config, cause = server.config, None
    _allow_files(config.limit_concurrency or 0)
    try:
        server.run()
    except SystemExit as error:
        cause = error.__context__
    if not server.started:
        raise ServiceNotStarted(_why(config, cause)) from cause


def _allow_files(connections: int) -> None:
    """Let the process open as many files as its connections need, where the system permits it.

    Many systems start a process with 1,024; past that no connection is accepted at all.
    """
    current, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if hard_limit != resource.RLIM_INFINITY:
        wanted = min(wanted, hard_limit)
    if current < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard_limit))


def _why(config: uvicorn.Config, cause: BaseException | None) -> str:
    if isinstance(cause, OSError):
        return cannot_listen(config.host, config.port, cause)
    where = address_text(config.host, config.port)
    return f"the service on {where} did not start: mend what the log above names, and start again"
