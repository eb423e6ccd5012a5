"""A worker's end of the pipe to the process that owns the index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import cast

from api.workers.messages import (
    AlertsReceived,
    AllWarm,
    FromOwner,
    FromWorker,
    IndexOpened,
    JobQueued,
    Stop,
    Warmed,
)
from rag.alerts.alert import Alert
from rag.domain.access import Principal
from rag.errors import Cancelled


class OwnerLink:
    """Messages from and to the owner; safe to share between threads.

    Both callbacks are called in a thread of their own. `stop` gets what the owner asks for.
    `owner_ended` is called when the owner's end of the pipe is closed, as the kernel does for a
    process that is killed.
    """

    def __init__(
        self,
        connection: Connection,
        stop: Callable[[Stop], None],
        owner_ended: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._stop = stop
        self._owner_ended = owner_ended
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._index: IndexOpened | None = None
        self._all_warm = False
        self._cancelled = False

    def start(self) -> None:
        threading.Thread(target=self._receive, name="owner", daemon=True).start()

    def wait_for_index(self) -> None:
        """Until the owner has opened the index. Raises what it raised, and Cancelled."""
        self._wait_until(lambda: self._index is not None)
        if self._index is not None and self._index.error is not None:
            raise self._index.error

    def report_warmed(self) -> None:
        """Tell the owner that this worker has opened what it answers with, or cannot."""
        self._send(Warmed())

    def wait_for_others(self) -> None:
        """Until all workers that were started together are warm. Raises Cancelled."""
        self._wait_until(lambda: self._all_warm)

    def cancel(self) -> None:
        """End all waiting: the worker stops."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def wake(self) -> None:
        """There may be a new job."""
        self._send(JobQueued())

    def notify(self, sender: Principal, alerts: Sequence[Alert]) -> None:
        """Pass on alerts for the receivers of notifications."""
        self._send(AlertsReceived(sender, tuple(alerts)))

    def _wait_until(self, happened: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or happened())
            if not happened():
                raise Cancelled("the process ends")

    def _send(self, message: FromWorker) -> None:
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            pass  # the owner has ended, and this process is about to

    def _receive(self) -> None:
        try:
            while True:
                self._note(cast(FromOwner, self._connection.recv()))
        except (EOFError, OSError):
            self._owner_ended()

    def _note(self, message: FromOwner) -> None:
        if isinstance(message, Stop):
            self._stop(message)
            return
        with self._changed:
            match message:
                case IndexOpened():
                    self._index = message
                case AllWarm():
                    self._all_warm = True
            self._changed.notify_all()
