"""How a serving process stops: what each signal begins, and when streams end."""

from __future__ import annotations

import signal
import threading

import pytest
import uvicorn

from api.http.readiness import Readiness
from api.http.stopping import DrainingServer, Stopping


def do_nothing() -> None: ...


def server(stopping: Stopping, drain_seconds: float) -> DrainingServer:
    async def app(scope: object, receive: object, send: object) -> None: ...

    return DrainingServer(uvicorn.Config(app, log_config=None), stopping, drain_seconds)


def test_streams_end_when_their_time_is_over() -> None:
    now = [100.0]
    stopping = Stopping(30, clock=lambda: now[0])
    assert not stopping.streams_end
    stopping.begin()
    now[0] += 29
    stopping.begin()  # a second signal gives no more time
    assert stopping.begun
    assert not stopping.streams_end
    now[0] += 1
    assert stopping.streams_end


def test_a_service_that_stops_is_not_ready_although_it_was() -> None:
    stopping = Stopping(30)
    readiness = Readiness(do_nothing, stopping)
    readiness.start()
    readiness.stop()
    assert readiness.reason is None
    stopping.begin()
    assert readiness.reason == "stopping"


@pytest.mark.parametrize(
    ("sig", "drain_seconds"), [(signal.SIGINT, 60), (signal.SIGTERM, 0)], ids=["SIGINT", "no drain"]
)
def test_it_stops_at_once_without_a_drain(sig: int, drain_seconds: float) -> None:
    stopping = Stopping(30)
    stopped = server(stopping, drain_seconds)
    stopped.handle_exit(sig, None)
    assert stopped.should_exit
    assert stopping.begun


def test_sigterm_drains_first_and_a_second_one_stops_at_once() -> None:
    stopping = Stopping(30)
    stopped = server(stopping, 60)
    stopped.handle_exit(signal.SIGTERM, None)
    assert stopping.begun
    after_the_first = stopped.should_exit
    stopped.handle_exit(signal.SIGTERM, None)
    assert (after_the_first, stopped.should_exit) == (False, True)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


def test_it_stops_when_the_drain_is_over() -> None:
    stopped = server(Stopping(30), 0.01)
    stopped.handle_exit(signal.SIGTERM, None)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(30)
    assert stopped.should_exit
