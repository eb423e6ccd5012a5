"""A stream of log lines as events: traces over many lines are one, and every event has its time.

A line without a time belongs to the event before it where it continues a trace, and else takes the
time of its neighbour. Memory is bounded: one event is held at a time, and the lines before the
first time of a file as long as there are few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from rag.incidents.instants import Clock
from rag.incidents.log_formats import MAX_LINE_CHARS, Level, ParsedLine, parse_line

_MAX_TRACE_LINES = 500  # of one event; more of them are counted and not kept
_MAX_WAITING = 1_000  # events before the first time of a file
_CONTINUES = re.compile(
    r"\s|Caused by:|Suppressed:|\.\.\. \d{1,9} (?:more|common frames)|Traceback \(most recent|"
    r"During handling of the above|The above exception was|goroutine \d{1,12} \[|\}|\)"
)
_TRACE_BEGINS = re.compile(r"\s*(?:Traceback \(most recent|at [\w$.<>/]{1,300}\(|Caused by:)")
_EXCEPTION = re.compile(
    r"(?:Exception in thread \"[^\"]{0,200}\" )?(?P<name>[A-Za-z_$][\w$.]{0,300}?"
    r"(?:Exception|Error|Failure|Timeout|Interrupt|Exit|Warning))(?![\w$.])"
    r"(?::\s?(?P<text>.{0,500}))?"
)
_CAUSED_BY = "Caused by:"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event of a log. `at` is None where the file says no time at all; `line` is its first.

    `exception` is the root exception of a trace, its class and message, else empty.
    """

    at: datetime | None
    line: int
    level: Level
    service: str
    message: str
    exception: str = ""


@dataclass(slots=True)
class _Open:
    """An event that may still be continued."""

    parsed: ParsedLine
    line: int
    trace: list[str] = field(default_factory=list)


def log_events(lines: Iterable[str], clock: Clock, service: str = "") -> Iterator[LogEvent]:
    """The events of one log in its order; `service` is that of lines which name none."""
    return _with_times(_closed_events(lines, clock, service), clock)


def _closed_events(
    lines: Iterable[str], clock: Clock, service: str
) -> Iterator[tuple[LogEvent, time | None]]:
    current: _Open | None = None
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r\n")[:MAX_LINE_CHARS]
        if not line.strip():
            continue
        if current and _is_continued_by(current, line):
            if len(current.trace) < _MAX_TRACE_LINES:
                current.trace.append(line)
            continue
        parsed = parse_line(line, clock)
        if current and not parsed.has_time and _ends_a_trace(current, line):
            current.trace.append(line)
            continue
        if current:
            yield _closed(current, service), current.parsed.time_of_day
        current = _Open(parsed, number)
    if current:
        yield _closed(current, service), current.parsed.time_of_day


def _is_continued_by(current: _Open, line: str) -> bool:
    """Whether a line can only be a further line of the event before it."""
    if not _CONTINUES.match(line):
        return False
    return line[:1] not in "})" or bool(current.trace)


def _ends_a_trace(current: _Open, line: str) -> bool:
    """Python writes the exception behind the trace, at the beginning of a line."""
    first = current.trace[0] if current.trace else current.parsed.message
    in_trace = bool(current.trace) and (
        _TRACE_BEGINS.match(first) or current.parsed.message.startswith("Traceback")
    )
    begins_java = not current.trace and current.parsed.level.is_error
    return bool((in_trace or begins_java) and _EXCEPTION.match(line))


def _closed(current: _Open, service: str) -> LogEvent:
    parsed = current.parsed
    trace = current.trace or parsed.trace.splitlines()[:_MAX_TRACE_LINES]
    exception = _root_exception(parsed.message, trace)
    level = parsed.level
    if exception and trace and not level.is_error and level is not Level.WARNING:
        level = Level.ERROR
    message = parsed.message
    if message.startswith("Traceback") and exception:
        message = exception
    return LogEvent(parsed.at, current.line, level, parsed.service or service, message, exception)


def _root_exception(message: str, trace: list[str]) -> str:
    """Java's is the last `Caused by`, Python's the first of a chain; empty without a trace."""
    if not trace:
        return ""
    caused = [line for line in trace if line.lstrip().startswith(_CAUSED_BY)]
    if caused:
        named = caused[-1].lstrip().removeprefix(_CAUSED_BY).strip()
        return named if _EXCEPTION.match(named) else ""
    for line in (message, *trace):
        if line[:1].strip() and (match := _EXCEPTION.match(line)):
            return match.group().strip()
    return ""


def _with_times(events: Iterable[tuple[LogEvent, time | None]], clock: Clock) -> Iterator[LogEvent]:
    """Each event with a time: its own, completed by its neighbour's date, or its neighbour's."""
    last: datetime | None = None
    waiting: list[tuple[LogEvent, time | None]] = []
    for event, clock_time in events:
        if event.at is None and last is None:
            waiting.append((event, clock_time))
            if len(waiting) > _MAX_WAITING:  # a file without dates: they stay without
                yield waiting.pop(0)[0]
            continue
        at = event.at or (_on_date(clock_time, last, clock) if last else None)
        for earlier, earlier_time in waiting:
            yield replace(earlier, at=_before(earlier_time, at, clock))
        waiting.clear()
        last = at
        yield event if event.at else replace(event, at=at)
    yield from (event for event, _ in waiting)


def _on_date(clock_time: time | None, last: datetime, clock: Clock) -> datetime:
    """A time of day on the date of the event before it, or on the next day past midnight."""
    if clock_time is None:
        return last
    local = last.astimezone(clock.zone)
    at = datetime.combine(local.date(), clock_time, clock.zone).astimezone(UTC)
    return at + _DAY if last - at > _DAY / 2 else at


def _before(clock_time: time | None, following: datetime | None, clock: Clock) -> datetime | None:
    if clock_time is None or following is None:
        return following
    at = _on_date(clock_time, following, clock)
    return at - _DAY if at - following > _DAY / 2 else at
