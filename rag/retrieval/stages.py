"""Wall time of the stages of one search."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rag.ports import Stage


class StageTimes:
    """Measures from its creation on. For one search, in one thread."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: list[Stage] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block; a search that is repeated has a stage more than once."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            now = time.perf_counter()
            self._stages.append(Stage(name, begun - self._started, now - begun))

    @property
    def seconds(self) -> float:
        """Since the creation."""
        return time.perf_counter() - self._started

    @property
    def stages(self) -> Sequence[Stage]:
        """Those that ended, in the order of their ends."""
        return tuple(self._stages)
