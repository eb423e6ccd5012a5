"""The processes that read documents, with the limits that the settings name."""

from __future__ import annotations

from collections.abc import Callable

from api.settings import Settings
from ingest.isolation.limits import FailureKind, ReadLimits
from ingest.isolation.pool import ReaderPool

_MIN_OUTPUT_MIB = 32


def make_readers(
    settings: Settings, on_failure: Callable[[FailureKind], None], *, start: bool
) -> ReaderPool:
    """A pool that starts its processes when they are first needed, or one of them now."""
    pool = ReaderPool(read_limits(settings), on_failure)
    if start:
        pool.start()
    return pool


def read_limits(settings: Settings) -> ReadLimits:
    """What one file may cost. Chunks repeat headings: they may be twice as long as their file."""
    chosen = settings.ingest
    return ReadLimits(
        seconds=chosen.read_seconds,
        memory_mib=chosen.read_memory_mib,
        output_mib=max(_MIN_OUTPUT_MIB, 2 * chosen.max_file_mib),
    )
