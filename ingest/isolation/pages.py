"""Pages for the linter, read in child processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.isolation.pool import ReaderPool
from ingest.isolation.process import Request
from ingest.lint.page import Content
from rag.errors import QuarantineError


@dataclass(frozen=True, slots=True)
class IsolatedPages:
    """Parses pages within the limits of a pool."""

    pool: ReaderPool

    def read(
        self, files: Iterable[tuple[str, bytes]]
    ) -> Iterator[tuple[str, Content | QuarantineError]]:
        """Raises WorkerError where no process can be started."""
        return self.pool.read(
            (path, Request({"as": "page", "path": path}, data, Content)) for path, data in files
        )
