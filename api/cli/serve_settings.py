"""What serving by one process and by several have in common."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from api.settings import Settings

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

_MARGIN_SECONDS = 5


def warm_then_freeze(warm: Callable[[], None]) -> Callable[[], None]:
    """`warm`, after which the garbage collector passes over what is loaded by then.

    That lives until the process ends, and a full collection of it stops every thread for a third
    of a second.
    """

    def warm_and_freeze() -> None:
        warm()
        gc.collect()
        gc.freeze()

    return warm_and_freeze


def service_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the server runs by these settings."""
    from api.http.server import server_config

    return server_config(
        app,
        settings.limits,
        host=settings.server.host,
        port=settings.server.port,
        timeout_graceful_shutdown=max_stop_seconds(settings),
    )


def max_stop_seconds(settings: Settings) -> int:
    """How long requests in flight may last: one that has begun, or a stream whose model is slow."""
    stream = settings.server.stop_seconds + settings.ask.timeout
    return math.ceil(max(settings.limits.request_seconds, stream)) + _MARGIN_SECONDS
