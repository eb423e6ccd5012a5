"""One line of a log, whatever its format: time, level, service and message.

Read are JSON lines, logfmt, klog, syslog (RFC 3164 and 5424), web server logs, and text that begins
with a time; in front of each of them the prefixes of container runtimes and of `kubectl logs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from rag.incidents.instants import (
    Clock,
    instant_at,
    klog_instant_at,
    parse_instant,
    time_of_day_at,
)
from rag.text.json_values import parse_json

MAX_LINE_CHARS = 8_000


class Level(StrEnum):
    """How bad a line is by its own word; empty where it has none."""

    NONE = ""
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    FATAL = "fatal"

    @property
    def is_error(self) -> bool:
        return self in (Level.ERROR, Level.FATAL)


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """`at` is aware (UTC); `time_of_day` stands in its place where the line has no date.

    `trace` is a stack trace that a field of the line holds.
    """

    message: str
    at: datetime | None = None
    time_of_day: time | None = None
    level: Level = Level.NONE
    service: str = ""
    trace: str = ""

    @property
    def has_time(self) -> bool:
        return self.at is not None or self.time_of_day is not None


_LEVELS = {
    "trace": Level.DEBUG,
    "debug": Level.DEBUG,
    "dbg": Level.DEBUG,
    "info": Level.INFO,
    "information": Level.INFO,
    "notice": Level.INFO,
    "warn": Level.WARNING,
    "warning": Level.WARNING,
    "error": Level.ERROR,
    "err": Level.ERROR,
    "severe": Level.ERROR,
    "fatal": Level.FATAL,
    "crit": Level.FATAL,
    "critical": Level.FATAL,
    "panic": Level.FATAL,
    "emerg": Level.FATAL,
    "alert": Level.FATAL,
}
_KLOG_LEVELS = {"I": Level.INFO, "W": Level.WARNING, "E": Level.ERROR, "F": Level.FATAL}
_TIME_KEYS = ("ts", "time", "timestamp", "@timestamp", "t", "datetime", "date")
_MESSAGE_KEYS = ("msg", "message", "event", "log", "body")
_LEVEL_KEYS = ("level", "lvl", "severity", "loglevel", "levelname")
_SERVICE_KEYS = ("service", "app", "application", "service.name", "component", "container")
_TRACE_KEYS = ("stack_trace", "stacktrace", "exception", "error.stack_trace", "exc_info", "stack")
_KUBECTL = re.compile(r"\[pod/(?P<pod>[^/\]\s]{1,253})/(?P<container>[^\]\s]{1,253})\] ")
_RUNTIME = re.compile(r" (?:stdout|stderr) [FP] ")
_KLOG = re.compile(r"[IWEF](?=\d{4} \d\d:)")
_KLOG_PLACE = re.compile(r" +\d{1,10} [\w./-]{1,200}:\d{1,6}\] ?")
_PRIORITY = re.compile(r"<(?P<number>\d{1,3})>(?P<version>\d )?")
_SYSLOG_TAG = re.compile(
    r" (?P<host>[\w.:-]{1,255}) (?P<tag>[\w./-]{1,128})(?:\[(?P<pid>\d{1,10})\])?: ?"
)
_SYSLOG_HEAD = re.compile(r" \S{1,255} (?P<app>\S{1,128}) \S{1,128} \S{1,128} (?:-|\[[^\]]*\]) ?")
_WEB_HEAD = re.compile(r"\S{1,255} \S{1,255} \S{1,255} \[(?=\d\d/)")
_WEB_STATUS = re.compile(r'" (?P<status>\d{3}) ')
_REQUEST = re.compile(r'"?[A-Z]{3,10} \S{1,2000} HTTP/[0-9.]{1,3}" (?P<status>\d{3})\b')
_PAIR = re.compile(r'(?P<key>[A-Za-z_@][\w.@/-]{0,63}+)=(?P<value>"(?:[^"\\]|\\.)*+"|[^\s"]*+)')
_OPENING = re.compile(r"[\[\s(\"']{0,3}")
_CLOSING = re.compile(r"[\])\"'\s:|,-]{0,6}")
_LEVEL_WORD = re.compile(
    r"[\[(<|]?(?P<word>TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|SEVERE|FATAL|CRIT(?:ICAL)?"
    r"|PANIC|trace|debug|info|notice|warn(?:ing)?|error|err|fatal|crit(?:ical)?|panic)\b"
)
_LEVEL_REACH = 80
_BRACKETS = re.compile(r"\[[^\]\n]{0,120}\] ?")
_SERVER_ERROR = "5"


def parse_line(line: str, clock: Clock) -> ParsedLine:
    """The parts of a line of at most MAX_LINE_CHARS characters."""
    service = ""
    if line.startswith("[pod/") and (prefix := _KUBECTL.match(line)):
        service, line = prefix["container"], line[prefix.end() :]
    found = _parsed(line, clock)
    return replace(found, service=service) if service and not found.service else found


def _parsed(line: str, clock: Clock) -> ParsedLine:
    first = line[:1]
    if first == "{" and (found := _json_line(line, clock)):
        return found
    if first in "IWEF" and _KLOG.match(line) and (found := _klog_line(line, clock)):
        return found
    if first == "<" and (found := _priority_line(line, clock)):
        return found
    if found := _dated_line(line, clock):
        return found
    if found := _logfmt_line(line, clock):
        return found
    if head := _WEB_HEAD.match(line):
        return _web_line(line, head.end(), clock)
    return _undated_line(line)


def _json_line(line: str, clock: Clock) -> ParsedLine | None:
    try:
        fields = parse_json(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    found = _from_fields(fields, clock)
    inner = fields.get("log")
    if found.message == "" and isinstance(inner, str):
        return replace(_parsed(inner.rstrip()[:MAX_LINE_CHARS], clock), at=found.at)
    return found


def _logfmt_line(line: str, clock: Clock) -> ParsedLine | None:
    if not _PAIR.match(line):
        return None
    fields = {
        match["key"]: match["value"].strip('"').replace('\\"', '"')
        for match in _PAIR.finditer(line)
    }
    if not any(key in fields for key in (*_MESSAGE_KEYS, *_LEVEL_KEYS, *_TIME_KEYS)):
        return None
    found = _from_fields(fields, clock)
    return found if found.message else replace(found, message=line)


def _from_fields(fields: Mapping[str, Any], clock: Clock) -> ParsedLine:
    at = next(
        (at for key in _TIME_KEYS if (at := parse_instant(fields.get(key), clock)) is not None),
        None,
    )
    return ParsedLine(
        message=_text(fields, _MESSAGE_KEYS),
        at=at,
        level=_LEVELS.get(_text(fields, _LEVEL_KEYS).lower(), Level.NONE),
        service=_text(fields, _SERVICE_KEYS)[:128],
        trace=_text(fields, _TRACE_KEYS),
    )


def _text(fields: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := fields.get(key), str) and value), "")


def _klog_line(line: str, clock: Clock) -> ParsedLine | None:
    found = klog_instant_at(line, 1, clock)
    if found is None:
        return None
    place = _KLOG_PLACE.match(line, found.end)
    rest = line[place.end() if place else found.end :].strip()
    return ParsedLine(rest, found.at, level=_KLOG_LEVELS[line[0]])


def _priority_line(line: str, clock: Clock) -> ParsedLine | None:
    """Syslog with a priority in front, which holds the severity in its last three bits."""
    head = _PRIORITY.match(line)
    if head is None:
        return None
    severity = int(head["number"]) % 8
    level = Level.ERROR if severity <= 3 else Level.WARNING if severity == 4 else Level.INFO
    found = instant_at(line, head.end(), clock)
    if found is None:
        return None
    if head["version"]:
        rest = _SYSLOG_HEAD.match(line, found.end)
        service = rest["app"] if rest else ""
        text = line[rest.end() if rest else found.end :]
        return ParsedLine(text, found.at, level=level, service=service)
    parsed = _after_time(line, found.end, found.at)
    return parsed if parsed.level else replace(parsed, level=level)


def _dated_line(line: str, clock: Clock) -> ParsedLine | None:
    opening = _OPENING.match(line)
    found = instant_at(line, opening.end() if opening else 0, clock)
    if found is None:
        return None
    if runtime := _RUNTIME.match(line, found.end):
        inner = _parsed(line[runtime.end() :], clock)
        return inner if inner.at else replace(inner, at=found.at)
    return _after_time(line, found.end, found.at)


def _after_time(line: str, end: int, at: datetime | None) -> ParsedLine:
    """What follows the time of a line: a syslog tag, pairs, or a level and a message."""
    if tag := _SYSLOG_TAG.match(line, end):
        text = line[tag.end() :]
        level = _level_in(text)
        return ParsedLine(text, at, level=level, service=tag["tag"].rsplit("/", 1)[-1])
    closing = _CLOSING.match(line, end)
    rest = line[closing.end() if closing else end :]
    message = _without_head(rest)
    return ParsedLine(message, at, level=_level_in(rest) or _level_of_request(message))


def _level_of_request(message: str) -> Level:
    """The level of a line of an access log that begins with its time, as Envoy's."""
    found = _REQUEST.match(message)
    failed = found is not None and found["status"].startswith(_SERVER_ERROR)
    return Level.ERROR if failed else Level.NONE


def _level_in(text: str) -> Level:
    match = _LEVEL_WORD.search(text, 0, _LEVEL_REACH)
    return _LEVELS[match["word"].lower()] if match else Level.NONE


def _without_head(text: str) -> str:
    """The text without the level, process and thread in front of it."""
    start = 0
    for _ in range(4):
        part = _BRACKETS.match(text, start) or _LEVEL_WORD.match(text, start)
        if part is None:
            break
        closing = _CLOSING.match(text, part.end())
        start = closing.end() if closing else part.end()
    return text[start:] or text


def _web_line(line: str, start: int, clock: Clock) -> ParsedLine:
    found = instant_at(line, start, clock)
    status = _WEB_STATUS.search(line)
    failed = status is not None and status["status"].startswith(_SERVER_ERROR)
    closing = _CLOSING.match(line, found.end) if found else None
    return ParsedLine(
        line[closing.end() - 1 if closing else 0 :].strip(),
        found.at if found else None,
        level=Level.ERROR if failed else Level.INFO,
    )


def _undated_line(line: str) -> ParsedLine:
    opening = _OPENING.match(line)
    start = opening.end() if opening else 0
    clock = time_of_day_at(line, start)
    if clock is None:
        return ParsedLine(line.rstrip(), level=_level_in(line))
    found = _after_time(line, clock[1], None)
    return replace(found, time_of_day=clock[0])
