"""A process that supervises two small workers, and says on stdout what happens to them.

`python -m tests.small_owner [fail]`: with `fail` its workers end before they are warm.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from api.workers.messages import FromWorker, IndexOpened, JobQueued, Stop
from api.workers.owner_link import OwnerLink
from api.workers.supervisor import Supervisor, WorkerEvents
from rag.errors import RunbookError


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def work(place: int, connection: Connection, restarted: bool, fails: bool) -> None:
    os.setpgid(0, 0)
    if fails:
        sys.exit(7)

    def stop(asked: Stop) -> None:
        say("stopped", place, asked.drains)
        os._exit(0)

    link = OwnerLink(connection, stop, lambda: os._exit(1))
    link.start()
    link.wait_for_index()
    link.report_warmed()
    link.wait_for_others()
    link.wake()
    say("ready", place, os.getpid(), restarted)
    threading.Event().wait()


def main() -> None:
    context = multiprocessing.get_context("spawn")
    fails = sys.argv[1:] == ["fail"]

    def start(place: int, connection: Connection, *, restarted: bool) -> BaseProcess:
        process = context.Process(target=work, args=(place, connection, restarted, fails))
        process.start()
        return process

    def received(message: FromWorker) -> None:
        say("job" if isinstance(message, JobQueued) else message)

    events = WorkerEvents(received, lambda place: say("ended", place), lambda: say("stopping"))
    supervisor = Supervisor(2, start, events, stop_seconds=20)
    supervisor.index_opened(IndexOpened())
    try:
        supervisor.run()
    except RunbookError as error:
        say("failed", error)
        sys.exit(1)
    say("over")


if __name__ == "__main__":
    main()
