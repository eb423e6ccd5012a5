"""What a pasted text asks: a stack trace, an excerpt of a log, or the JSON of alerts.

Of a trace or log the exception, the last message and the error codes are asked for, and what the
user wrote above it; times, paths, addresses and numbers are left out. Of alerts their names and
texts. Everything else is a question as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rag.alerts.payloads import parse_alerts
from rag.errors import InvalidPayload
from rag.incidents.instants import Clock
from rag.incidents.log_formats import MAX_LINE_CHARS, parse_line
from rag.text.identifiers import identifiers_in, is_error_code

_MAX_ASKED_CHARS = 600
_MAX_ALERTS = 5
_MAX_CODES = 6
_MIN_LINES = 2
# Lines of a stack that say where and not what: of Python, Java, Node, Go, Ruby, Rust and C#.
_FRAME = re.compile(
    r"\s+at \S|\s*File \"|\s+from \S+:\d|\s*\d{1,4}: +0x|\s+\d{1,4}: \S+::|goroutine \d+ \[|"
    r"\s*\.\.\. \d+ (?:more|common frames)|\t\S+:\d+|\s+\^+\s*$|created by |#\d+ +0x|"
    r"\S+\([^()]{0,200}\)$|Traceback \(most recent|Stack ?trace:?\s*$"
)
_NAMED_ERROR = re.compile(
    r"(?<![\w$.])(?:[A-Za-z_$][\w$]{0,100}\.){0,20}(?P<name>(?:[A-Za-z_$][\w$]{0,100}?)?"
    r"(?:Exception|Error|Failure|Timeout|Interrupt|Exit|Fault))(?![\w$])"
)
_PANIC = re.compile(r"panic: |fatal error: |thread '[^']{1,100}' panicked")
_CAUSED_BY = re.compile(r"\s{0,8}Caused by: ?")
# In this order: what an earlier one takes out holds what a later one would take for its own.
_INCIDENTAL = tuple(
    re.compile(pattern)
    for pattern in (
        r"[a-z][a-z0-9+.-]{1,20}://\S+",
        r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?",
        r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?\b",
        r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?\b",
        r"\[[0-9a-fA-F:]{2,45}\](?::\d{1,5})?",
        r"(?<![\w.:/])(?:~|\.{1,2})?/[\w.@+-]{1,200}(?:/[\w.@+-]{0,200}){1,60}(?::\d{1,9}){0,2}",
        r"\b[A-Z]:\\\S{1,400}",
        r"\b0x[0-9a-fA-F]+\b",
        r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}\b",
        r"(?<![\w.-])\d{5,}(?![\w.-])",
        r"\bline \d{1,9}\b",
    )
)
_TEXT_KEYS = ("alertname", "title", "summary", "message", "msg", "error", "description", "reason")
_MAX_DEPTH = 6
_CLOCK = Clock(datetime(2026, 1, 1, tzinfo=UTC))  # times are recognised here, and not used


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a pasted text: what it says without time and level."""

    raw: str
    message: str
    is_frame: bool
    is_dated: bool


def asked_by(text: str) -> str:
    """The question that a text asks: itself, unless it is a trace, a log or JSON."""
    stripped = text.strip()
    if stripped[:1] in "{[" and (from_json := _asked_by_json(stripped)):
        return from_json
    lines = [_line(raw) for raw in stripped.splitlines() if raw.strip()]
    if not _is_log(lines):
        return text
    return _asked_by_log(lines)[:_MAX_ASKED_CHARS] or text


def without_incidentals(message: str) -> str:
    """A message without times, paths, addresses, long numbers and hexadecimal digits."""
    for pattern in _INCIDENTAL:
        message = pattern.sub(" ", message)
    return " ".join(message.split())


def _line(raw: str) -> _Line:
    cut = raw.rstrip()[:MAX_LINE_CHARS]
    if _FRAME.match(cut):
        return _Line(cut, "", is_frame=True, is_dated=False)
    parsed = parse_line(cut, _CLOCK)
    return _Line(cut, parsed.message, is_frame=False, is_dated=parsed.has_time)


def _is_log(lines: Sequence[_Line]) -> bool:
    if any(line.is_dated for line in lines[:1]) or sum(line.is_dated for line in lines) > 1:
        return True
    frames = sum(line.is_frame for line in lines)
    named = any(_NAMED_ERROR.search(line.raw) or _PANIC.search(line.raw) for line in lines)
    return len(lines) >= _MIN_LINES and frames > 0 and named


def _asked_by_log(lines: Sequence[_Line]) -> str:
    """The last cause first, then the last message, the codes, and what is written above."""
    said = _without_code(lines)
    causes = [one.message for one in said if _CAUSED_BY.match(one.raw) or _PANIC.match(one.raw)]
    named = [one.message for one in said if _NAMED_ERROR.search(one.message)]
    telling = [*causes[-1:], *named[-1:], *(one.message for one in said[-1:])]
    above = [one.raw for one in _above(lines)]
    parts = [
        _short_names(without_incidentals(_CAUSED_BY.sub("", part))) for part in (*telling, *above)
    ]
    codes = (name for line in said for name in identifiers_in(line.raw) if is_error_code(name))
    found = [*parts, *list(dict.fromkeys(codes))[:_MAX_CODES]]
    return " ".join(dict.fromkeys(part for part in found if part))


def _without_code(lines: Sequence[_Line]) -> list[_Line]:
    """The lines that say something: not those of a stack, nor what is indented below them."""
    kept: list[_Line] = []
    in_stack = False
    for line in lines:
        in_stack = line.is_frame or (in_stack and line.raw[:1].isspace())
        if not in_stack and any(map(str.isalpha, line.message)):
            kept.append(line)
    return kept


def _above(lines: Sequence[_Line]) -> Iterator[_Line]:
    """What the user wrote before the paste begins."""
    for line in lines:
        if line.is_frame or line.is_dated or _NAMED_ERROR.search(line.raw):
            return
        if not _PANIC.match(line.raw):
            yield line


def _short_names(message: str) -> str:
    """Exceptions without their package: `ledger.errors.LedgerFrozenError`."""
    return _NAMED_ERROR.sub(lambda found: found["name"], message)


def _asked_by_json(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, dict) for item in items):
        return ""
    alerts = value if isinstance(value, dict) and "alerts" in value else {"alerts": items}
    if any("labels" in item or "annotations" in item or "alerts" in item for item in items):
        try:
            found = parse_alerts(alerts)[:_MAX_ALERTS]
        except InvalidPayload:
            found = []
        if found:
            return " ".join(dict.fromkeys(alert.question for alert in found))[:_MAX_ASKED_CHARS]
    texts = dict.fromkeys(without_incidentals(text) for text in _texts(items, _MAX_DEPTH))
    return " ".join(texts)[:_MAX_ASKED_CHARS]


def _texts(value: object, depth: int) -> Iterator[str]:
    """The values of the keys that commonly hold what is wrong, outermost first."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, depth - 1)
    elif isinstance(value, dict):
        for key in _TEXT_KEYS:
            if isinstance(value.get(key), str):
                yield value[key]
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _texts(inner, depth - 1)
