"""From the bytes of an input to its facts, in bounded memory whatever its size."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from rag.alerts.payloads import parse_alerts
from rag.errors import InvalidPayload
from rag.incidents.change_points import Breaks, find_anomalies, no_breaks
from rag.incidents.facts import (
    Facts,
    InputKind,
    InputSummary,
    SourcedAlert,
    SourcedAnomaly,
    SourcedChange,
    SourcedEvent,
    kept_templates,
    redacted_change,
    redacted_event,
)
from rag.incidents.inputs import Records, parse_changes, parse_cluster_events, parse_metrics
from rag.incidents.instants import Clock
from rag.incidents.log_events import log_events
from rag.incidents.log_formats import MAX_LINE_CHARS
from rag.incidents.spans import Span
from rag.incidents.templates import TemplateCounter, TemplateMiner

MAX_DOCUMENT_BYTES = 64 * 1024**2  # of an input that is read as a whole; logs have no limit
_GZIP_MAGIC = b"\x1f\x8b"
_READ_BYTES = 4 * MAX_LINE_CHARS
_REPORTED_BYTES = 256 * 1024
_MAX_NAME_CHARS = 200
_LOG_SUFFIXES = (".gz", ".log", ".txt", ".json", ".jsonl", ".out", ".err")


@dataclass(frozen=True, slots=True)
class ReadingTools:
    """How inputs are read: `clock` completes times, `make_miner` starts the templates of a log.

    `on_progress` is called with the bytes that were read so far; `breaks` finds change points.
    """

    clock: Clock
    make_miner: Callable[[], TemplateMiner]
    on_progress: Callable[[int], None] = lambda _: None
    breaks: Breaks = no_breaks


def read_input(
    name: str, kind: InputKind, data: io.BufferedReader[Any], tools: ReadingTools
) -> Facts:
    """The facts of one input; gzip is unpacked. Raises InvalidPayload, which names the field."""
    name = name[:_MAX_NAME_CHARS]
    if kind is InputKind.LOGS:
        tools = _in_file(data, tools)  # before the first byte is unpacked
        return _read_logs(name, _unpacked(data), tools)
    opened = _unpacked(data)
    text = _whole_text(opened, kind)
    if kind is InputKind.ALERTS:
        return _read_alerts(name, text)
    if kind is InputKind.EVENTS:
        return _facts(name, kind, parse_cluster_events(text, tools.clock), tools.breaks)
    if kind is InputKind.DEPLOYS:
        return _facts(name, kind, parse_changes(text, tools.clock), tools.breaks)
    return _facts(name, kind, parse_metrics(text, tools.clock), tools.breaks)


def service_of_file(name: str) -> str:
    """The service that a log's file name says, such as `checkout` for `logs/checkout.log.gz`."""
    stem = PurePosixPath(name.replace("\\", "/")).name
    for _ in range(3):
        stem = next((stem.removesuffix(end) for end in _LOG_SUFFIXES if stem.endswith(end)), stem)
    return "" if stem in ("-", "stdin") else stem[:128]


def _read_logs(name: str, data: BinaryIO, tools: ReadingTools) -> Facts:
    counter = TemplateCounter(tools.make_miner(), name)
    lines = _lines(data, tools.on_progress)
    span = Span()
    for event in log_events(lines, tools.clock, service_of_file(name)):
        counter.add(event)
        if event.at is not None:
            span.add(event.at)
    found = counter.stats()
    kept = kept_templates(found)
    dropped = len(found) - len(kept)
    summary = InputSummary(
        name, InputKind.LOGS, counter.events, counter.undated, dropped, *span.ends()
    )
    return Facts(inputs=(summary,), templates=kept)


def _lines(data: BinaryIO, on_progress: Callable[[int], None]) -> Iterator[str]:
    """The lines as text. Of a longer one than MAX_LINE_CHARS only the beginning is kept."""
    done = reported = 0
    try:
        while line := data.readline(_READ_BYTES):
            done += len(line)
            while not line.endswith(b"\n") and (rest := data.readline(_READ_BYTES)):
                done += len(rest)
                if rest.endswith(b"\n"):
                    break
            if done - reported >= _REPORTED_BYTES:
                reported = done
                on_progress(done)
            yield line.decode("utf-8", "replace")
        on_progress(done)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidPayload("file", "is a damaged gzip file") from error


def _unpacked(data: io.BufferedReader[Any]) -> BinaryIO:
    if data.peek(2)[:2] == _GZIP_MAGIC:
        return gzip.GzipFile(fileobj=data)  # type: ignore[return-value]  # a reader of bytes
    return data


def _in_file(data: io.BufferedReader[Any], tools: ReadingTools) -> ReadingTools:
    """Tools that report the place in the file itself, whose size is known, packed or not."""
    if data.peek(2)[:2] != _GZIP_MAGIC or not data.seekable():
        return tools
    return replace(tools, on_progress=lambda _: tools.on_progress(data.tell()))


def _whole_text(data: BinaryIO, kind: InputKind) -> str:
    try:
        raw = data.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidPayload("file", "is a damaged gzip file") from error
    if len(raw) > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES // 1024**2
        raise InvalidPayload(kind.value, f"is larger than {limit} MiB")
    return raw.decode("utf-8-sig", "replace")


def _read_alerts(name: str, text: str) -> Facts:
    """One payload, or one a line as a receiver has logged them."""
    payloads = [text] if _is_json(text) else [line for line in text.splitlines() if line.strip()]
    found: list[SourcedAlert] = []
    for payload in payloads:
        try:
            body = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise InvalidPayload("alerts", "is not valid JSON") from error
        if isinstance(body, list):  # `amtool alert query -o json`
            body = {"alerts": body}
        for alert in parse_alerts(body):
            found.append(SourcedAlert(name, alert, len(found) + 1))
    times = [one.alert.starts_at for one in found if one.alert.starts_at]
    undated = len(found) - len(times)
    summary = InputSummary(name, InputKind.ALERTS, len(found), undated, 0, *_ends(times))
    return Facts(inputs=(summary,), alerts=tuple(found))


def _ends(times: Iterable[datetime]) -> tuple[datetime | None, datetime | None, int]:
    span = Span()
    for at in times:
        span.add(at)
    return span.ends()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _facts(name: str, kind: InputKind, records: Records, breaks: Breaks) -> Facts:
    times = [one.at for one in records.changes] + [one.at for one in records.events]
    times += [at for one in records.series for at, _ in one.points[:1] + one.points[-1:]]
    points = sum(len(one.points) for one in records.series)
    summary = InputSummary(
        name,
        kind,
        len(records.changes) + len(records.events) + points,
        records.skipped,
        0,
        *_ends(times),
    )
    return Facts(
        inputs=(summary,),
        changes=tuple(SourcedChange(name, redacted_change(one)) for one in records.changes),
        events=tuple(SourcedEvent(name, redacted_event(one)) for one in records.events),
        anomalies=tuple(
            SourcedAnomaly(name, found)
            for one in records.series
            for found in find_anomalies(one.points, one.name, one.service, breaks)
        ),
    )
