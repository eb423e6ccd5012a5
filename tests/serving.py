"""A whole service in this process, as the composition root builds it, on a real port of loopback.

It embeds by hashing words: real files, catalog, Chroma and HTTP, and no model to load.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import uvicorn

import api.compose.embedding
from api.compose.indexing import run_ingest
from api.compose.services import Services
from api.compose.serving import open_serving
from api.http.app import create_app
from api.http.server import server_config
from api.settings import Settings, SourceSettings
from ingest.runs.report import Silent
from rag.domain.jobs import JobKind
from tests.hashing_cli import hashing_embedder


@dataclass(frozen=True)
class Served:
    """A running service, its address, and the services behind it."""

    url: str
    services: Services
    client: httpx.Client

    def key(self, *groups: str, rights: Sequence[str] = ("search",)) -> str:
        return self.services.keys.create("test", frozenset(groups), frozenset(rights)).key

    def post(self, key: str | None, path: str, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.client.post(path, json=body, headers=headers)

    def reindex(self) -> None:
        """Bring the index up to date with the files, by a job of the running service."""
        job = self.services.jobs.enqueue(JobKind.REINDEX, {"source": None, "paths": []}, "test")
        self.services.wake()
        deadline = time.monotonic() + 60
        while (found := self.services.jobs.get(job.id)) is not None and found.is_open:
            assert time.monotonic() < deadline, "the job does not end"
            time.sleep(0.002)
        assert found is not None
        assert found.state == "done", found


@contextmanager
def service_over(folder: Path, files: Mapping[str, str], **settings: Any) -> Iterator[Served]:
    """A service over these files, by path, until the end of the block."""
    for path, text in files.items():
        (folder / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "docs" / path).write_text(text, encoding="utf-8")
    source = SourceSettings(name="docs", path=folder / "docs")
    made = Settings(directory=folder, sources=(source,), **settings)
    with patch.object(api.compose.embedding, "make_embedder", hashing_embedder):
        run_ingest(made, (), acl=None, prune=True, full=False, progress=Silent())
        with (
            open_serving(made) as services,
            listening(services) as (host, port),
            httpx.Client(base_url=f"http://{host}:{port}", timeout=30) as client,
        ):
            yield Served(f"http://{host}:{port}", services, client)


@contextmanager
def listening(services: Services, bound: socket.socket | None = None) -> Iterator[tuple[str, int]]:
    """The application behind a real server; gives host and port, a free one if none is bound."""
    config = server_config(create_app(services), services.settings.limits)
    server = uvicorn.Server(config)
    with bound or bound_socket() as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            _wait_until_started(server)
            host, port = listener.getsockname()
            yield host, port
        finally:
            server.should_exit = True
            thread.join(30)


def bound_socket() -> socket.socket:
    """A socket on a free port of loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
