"""Logs: one line per event on stderr, JSON unless a person reads along.

An exception's message may quote a document or a question; its type and frames do not. So the
message is written only for the project's own errors, which are worded for the operator.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

from rag.errors import RunbookError
from rag.text.visible import visible, visible_line

# Libraries speak from warnings up, whatever the level: below that, some print what they are given.
_OWN_LOGGERS = ("rag", "ingest", "api", "evals", "uvicorn")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


@dataclass(frozen=True, slots=True)
class LogSharing:
    """How several processes write to one stderr: each line under the lock of a file, and with the
    name of its process."""

    lock: Path
    process: str


def configure(level: str, format: str, sharing: LogSharing | None = None) -> None:
    """Send every log line of this process to stderr.

    `level` is debug, info, warning or error; `format` is json or console. A server is started
    with uvicorn's `log_config=None`, so that it keeps what is set here.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared = _shared() if sharing is None else [*_shared(), _naming(sharing.process)]
    handler = logging.StreamHandler(sys.stderr) if sharing is None else _OneByOne(sharing.lock)
    handler.setFormatter(_formatter(format, shared))
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
    for name in _OWN_LOGGERS:
        logging.getLogger(name).setLevel(threshold)
    # Its lines carry paths and query strings; the HTTP door writes its own.
    logging.getLogger("uvicorn.access").disabled = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.ExceptionRenderer(trace_of),
    ]


class _OneByOne(logging.StreamHandler[TextIO]):
    """Writes to stderr while no other process does: a pipe takes only short lines whole."""

    def __init__(self, lock: Path) -> None:
        super().__init__(sys.stderr)
        self._lock_file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def emit(self, record: logging.LogRecord) -> None:
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        try:
            super().emit(record)
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)


def _naming(process: str) -> Processor:
    """Adds the name of the process to each line."""

    def name(_: object, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return name


def _formatter(format: str, shared: Sequence[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *(_console() if format == "console" else [structlog.processors.JSONRenderer()]),
        ],
    )


def _console() -> list[Processor]:
    colors = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    return [_without_control, structlog.dev.ConsoleRenderer(colors=colors)]


def _without_control(_: object, __: str, event: EventDict) -> EventDict:
    """Values that cannot control a terminal; frames of a traceback keep their lines."""
    return {
        visible_line(key): (visible if key == "exception" else visible_line)(value)
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }


def trace_of(exc_info: _ExcInfo) -> str:
    """The chain of an exception, outermost first: types and frames, no foreign messages."""
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines += [_headline(error), *_frames(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


def _headline(error: BaseException) -> str:
    name = type(error).__qualname__
    return f"{name}: {error}" if isinstance(error, RunbookError) else name


def _frames(error: BaseException) -> list[str]:
    return [
        f"  {frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
