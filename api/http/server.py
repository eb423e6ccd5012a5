"""The server that the application runs in, with limits on what comes before any request."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.settings.access import LimitSettings
from rag.errors import ServiceNotStarted


class HeadDeadline(H11Protocol):
    """Ends a connection whose next request's head does not come in time; the library's would wait
    for ever, once a byte of it is there."""

    seconds: float

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._due: asyncio.TimerHandle | None = None
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_between_requests():
            self._expect_nothing()
        elif self._due is None:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._due = self.loop.call_later(self.seconds, self._end)

    def _expect_nothing(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _is_between_requests(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _end(self) -> None:
        self._due = None
        if self._is_between_requests() and not self.transport.is_closing():
            self.transport.close()


def server_config(app: FastAPI, limits: LimitSettings, **where: Any) -> uvicorn.Config:
    """`where` names host and port. No header of a request changes the address that it is from."""
    return uvicorn.Config(
        app,
        http=type("Protocol", (HeadDeadline,), {"seconds": limits.header_seconds}),
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


def serve(config: uvicorn.Config) -> None:
    """Serve until it is stopped. Raises ServiceNotStarted where that cannot begin.

    The library would end the process with 3, which says something else of a command here.
    """
    server, cause = uvicorn.Server(config), None
    try:
        server.run()
    except SystemExit as error:
        cause = error.__context__
    if not server.started:
        raise ServiceNotStarted(_why(config, cause)) from cause


def _why(config: uvicorn.Config, cause: BaseException | None) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    where = f"{host}:{config.port}"
    if isinstance(cause, OSError):
        return (
            f"cannot listen on {where}: {cause.strerror or cause}. Stop what listens there, or "
            "choose another address with --host and --port (`server` in runbook.toml)"
        )
    return f"the service on {where} did not start: mend what the log above names, and start again"
