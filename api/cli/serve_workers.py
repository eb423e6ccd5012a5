"""`runbook serve --workers N`: a process that owns the index, and N that answer."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing import forkserver, resource_tracker, sharedctypes
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from socket import socket
from typing import Any

from api.cli.serve_settings import max_stop_seconds, service_config, warm_then_freeze
from api.compose.services import Services
from api.compose.workers import OWNER, open_owner, open_worker, worker_name
from api.http.accepting import NOT_ACCEPTING, AcceptingServer, SharedListening
from api.http.listening import address_text, listen
from api.records.logs import LogSharing, configure
from api.settings import Settings
from api.workers.messages import (
    AlertsReceived,
    FromWorker,
    IndexOpened,
    JobQueued,
    Stop,
    portable,
)
from api.workers.owner_link import OwnerLink
from api.workers.shared_folder import SharedFolder, shared_folder
from api.workers.supervisor import Supervisor, WorkerEvents
from rag.errors import Cancelled, RunbookError

# Longer than a process takes to close what it has open.
_CLOSE_SECONDS = 30
_PRELOADED = ["api.cli.serve_workers", "api.http.app", "api.http.server"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerStart:
    """What a worker is started with."""

    settings: Settings
    folder: SharedFolder
    listening: SharedListening
    connection: Connection
    restarted: bool


def serve_with_workers(settings: Settings, *, polling: bool, ingest: bool) -> None:
    """Serve until it is stopped. Raises ServiceNotStarted, IndexBusy, IndexMissing."""
    server = settings.server
    with shared_folder(settings.state_folder) as folder:
        configure(settings.log.level, settings.log.format, LogSharing(folder.log_lock, OWNER))
        sockets = listen(server.host, server.port)
        try:
            with open_owner(settings, folder, polling=polling, ingest=ingest) as (services, forget):
                port = sockets[0].getsockname()[1]
                log.info("serving on http://%s", address_text(server.host, port))
                _Owner(settings, folder, sockets, services, forget).run()
        finally:
            for one in sockets:
                one.close()


class _Owner:
    """Runs the workers of an open index."""

    def __init__(
        self,
        settings: Settings,
        folder: SharedFolder,
        sockets: Sequence[socket],
        services: Services,
        forget: Callable[[int], None],
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._sockets = sockets
        self._services = services
        self._forget = forget
        workers = settings.server.workers
        self._context = _prepared_context()
        self._open_connections: Any = sharedctypes.RawArray("q", [NOT_ACCEPTING] * workers)
        self._supervisor = Supervisor(
            workers,
            self._start,
            WorkerEvents(self._received, self._ended, self._stopping),
            settings.server.drain_seconds + max_stop_seconds(settings) + _CLOSE_SECONDS,
        )

    def run(self) -> None:
        """Until the service is stopped, and its workers have ended."""
        warming = threading.Thread(target=self._warm, name="warm", daemon=True)
        warming.start()
        try:
            self._supervisor.run()
        finally:
            self._services.cancel_warming()
            warming.join(_CLOSE_SECONDS)

    def _warm(self) -> None:
        error: RunbookError | None = None
        try:
            self._services.warm()
        except Cancelled:
            return  # the service ends before the index stands
        except Exception as failure:  # nothing else would report an error of this thread
            log.error("the index cannot be served", exc_info=failure)
            error = portable(failure)
        self._supervisor.index_opened(IndexOpened(error))

    def _start(self, place: int, connection: Connection, *, restarted: bool) -> BaseProcess:
        listening = SharedListening(self._sockets, self._open_connections, place)
        start = WorkerStart(self._settings, self._folder, listening, connection, restarted)
        process = self._context.Process(target=run_worker, args=(start,), name=worker_name(place))
        process.start()
        return process

    def _received(self, message: FromWorker) -> None:
        match message:
            case JobQueued():
                self._services.wake()
            case AlertsReceived():
                self._services.notify(message.sender, message.alerts)

    def _ended(self, place: int) -> None:
        self._open_connections[place] = NOT_ACCEPTING
        try:
            self._forget(place)
        except RunbookError as error:
            log.error("requests of a worker that ended still count as running", exc_info=error)

    def _stopping(self) -> None:
        for one in self._sockets:  # workers have their own copies, and close them in their time
            one.close()
        self._services.cancel_warming()


def _prepared_context() -> ForkServerContext:
    """Starts processes from one that has imported what they need, and nothing else.

    So a worker starts in a fraction of a second. The owner itself has threads and open stores, and
    cannot be forked.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    # A service manager may send its signal to every process: the owner alone handles it. What is
    # started here inherits the block; the tracker comes first, because starting it ends a block.
    resource_tracker.ensure_running()
    handled = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
    return context


class _StopRequests:
    """Stops the server of this process once there is one, else the process."""

    def __init__(self) -> None:
        self._server: AcceptingServer | None = None

    def attach(self, server: AcceptingServer) -> None:
        self._server = server

    def __call__(self, stop: Stop) -> None:
        if self._server is None:
            os._exit(0)  # nothing was answered yet
        self._server.stop(drains=stop.drains)


def run_worker(start: WorkerStart) -> None:
    """The whole life of a worker, in a process of its own."""
    # Apart from the terminal, whose Ctrl-C is for the owner.
    os.setpgid(0, 0)
    settings, place = start.settings, start.listening.place
    sharing = LogSharing(start.folder.log_lock, worker_name(place))
    configure(settings.log.level, settings.log.format, sharing)
    stops = _StopRequests()
    link = OwnerLink(start.connection, stops, _owner_ended)
    link.start()
    try:
        with open_worker(settings, start.folder, place, link) as services:
            _serve(start, services, link, stops)
    except RunbookError as error:
        log.error("the worker cannot serve", exc_info=error)
        sys.exit(1)


def _serve(start: WorkerStart, services: Services, link: OwnerLink, stops: _StopRequests) -> None:
    from api.http.app import create_app
    from api.http.server import run

    def warm() -> None:
        link.wait_for_index()
        try:
            warm_then_freeze(services.warm)()
        finally:
            link.report_warmed()
        link.wait_for_others()

    if start.restarted:  # others answer meanwhile: it joins them when it answers as quickly
        warm()
    app = create_app(replace(services, warm=warm, cancel_warming=link.cancel))
    settings = services.settings
    config = service_config(app, settings)
    drain_seconds = settings.server.drain_seconds
    server = AcceptingServer(config, app.state.stopping, drain_seconds, start.listening)
    stops.attach(server)
    run(server)


def _owner_ended() -> None:
    # Nothing is closed: the owner's lock is free, and another service may be about to start.
    os._exit(1)
