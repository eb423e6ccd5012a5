"""Times in the forms that logs and tools write, as aware UTC datetimes.

A time without a zone is read in the zone that the caller gives, UTC by default. A form without a
year (syslog, klog) gets the last year in which it is not later than a reference time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo

_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d(?!\d))?"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_ISO = re.compile(rf"(?P<year>\d{{4}})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T _]{_CLOCK} ?{_ZONE}")
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)[T-](?P<hour>\d\d):?(?P<minute>\d\d):?"
    rf"(?P<second>\d\d)(?:[.,](?P<fraction>\d{{1,9}}))? ?{_ZONE}"
)
# Apache, nginx and HAProxy: 10/Oct/2026:13:55:36 -0700
_WEB = re.compile(rf"(?P<day>\d\d)/(?P<name>[A-Z][a-z]{{2}})/(?P<year>\d{{4}}):{_CLOCK} ?{_ZONE}")
# Java util logging and others: Oct 10, 2026 1:55:36 PM
_SPOKEN = re.compile(
    r"(?P<name>[A-Z][a-z]{2}) (?P<day>\d{1,2}), (?P<year>\d{4}),? (?P<hour>\d{1,2}):"
    r"(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?(?: (?P<half>[AP]M))?"
)
# ctime, and its form with a zone name before the year: Sat Oct 10 13:55:36 2026
_CTIME = re.compile(
    r"(?:[A-Z][a-z]{2} )?(?P<name>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) "
    rf"{_CLOCK} (?:[A-Z]{{3,4}} )?(?P<year>\d{{4}})(?: (?P<zone2>[+-]\d{{4}}))?"
)
_SYSLOG = re.compile(rf"(?P<name>[A-Z][a-z]{{2}}) {{1,2}}(?P<day>\d{{1,2}}) {_CLOCK}")
_KLOG = re.compile(rf"(?P<month>\d\d)(?P<day>\d\d) {_CLOCK}")
_EPOCH = re.compile(
    r"(?P<seconds>\d{10})(?P<rest>\d{3}|\d{6}|\d{9})?(?:\.(?P<part>\d{1,9}))?(?!\d)"
)
_TIME_ONLY = re.compile(_CLOCK)
_OTHER_FORMS = (_COMPACT, _WEB, _SPOKEN, _CTIME, _SYSLOG)
_MAX_TEXT = 64
_MAX_NUMBER = 1e20
_DATE_CHARS = 11  # of `2026-01-31T`
_CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """How times are completed: `zone` where none is written, and a reference for the year."""

    reference: datetime
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class FoundInstant:
    """A time and where the text goes on behind it; `at` is None where the digits are no date."""

    at: datetime | None
    end: int


def instant_at(text: str, start: int, clock: Clock) -> FoundInstant | None:
    """The date and time that stands at `start`, None where there is none."""
    if match := _ISO.match(text, start):
        at = _quickly(match.group(), clock) or _completed(match.groupdict(), clock)
        return FoundInstant(at, match.end())
    for form in _OTHER_FORMS:
        if match := form.match(text, start):
            return FoundInstant(_completed(match.groupdict(), clock), match.end())
    if match := _EPOCH.match(text, start):
        return FoundInstant(_from_epoch(match), match.end())
    return None


def klog_instant_at(text: str, start: int, clock: Clock) -> FoundInstant | None:
    """The time of a klog header, which stands behind its letter: `0131 09:00:00.123456`."""
    match = _KLOG.match(text, start)
    return FoundInstant(_completed(match.groupdict(), clock), match.end()) if match else None


def time_of_day_at(text: str, start: int) -> tuple[time, int] | None:
    """A time without a date, and where the text goes on behind it."""
    match = _TIME_ONLY.match(text, start)
    if match is None:
        return None
    found = match.groupdict()
    try:
        clock = time(int(found["hour"]), int(found["minute"]), int(found["second"]))
    except ValueError:
        return None
    return clock.replace(microsecond=_microseconds(found["fraction"])), match.end()


def parse_instant(raw: object, clock: Clock) -> datetime | None:
    """The time in a field of its own: text of any form, or a number of Unix time."""
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int | float):
        return _from_number(raw)
    text = str(raw).strip()[:_MAX_TEXT]
    found = instant_at(text, 0, clock)
    return found.at if found else None


def _from_number(value: float) -> datetime | None:
    """Unix time in seconds, milliseconds, microseconds or nanoseconds, by its size."""
    if not 0 < value < _MAX_NUMBER:  # a whole number may be too large for a float
        return None
    for scale in (1, 1e3, 1e6, 1e9):
        seconds = value / scale
        if 1e8 <= seconds < 1e10:
            return datetime.fromtimestamp(seconds, UTC)
    return None


def _from_epoch(match: re.Match[str]) -> datetime | None:
    part = match["part"] or match["rest"] or ""
    return datetime.fromtimestamp(int(match["seconds"]), UTC).replace(
        microsecond=_microseconds(part)
    )


def _quickly(text: str, clock: Clock) -> datetime | None:
    """A time as the standard library reads it; None for what only `_completed` reads."""
    if " " in text[_DATE_CHARS:]:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or clock.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _completed(found: Mapping[str, str | None], clock: Clock) -> datetime | None:
    try:
        name = found.get("name")
        month = _MONTHS[name.lower()] if name else int(found["month"] or 0)
        hour = int(found["hour"] or 0)
        if half := found.get("half"):
            hour = hour % 12 + (12 if half == "PM" else 0)
        moment = datetime(
            int(found.get("year") or clock.reference.year),
            month,
            int(found["day"] or 0),
            hour,
            int(found["minute"] or 0),
            min(int(found["second"] or 0), 59),  # a leap second
            _microseconds(found.get("fraction")),
            _zone(found.get("zone") or found.get("zone2"), clock.zone),
        ).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None
    return moment if found.get("year") else _not_in_the_future(moment, clock.reference)


def _not_in_the_future(moment: datetime, reference: datetime) -> datetime:
    """The last year in which the moment is past: logs do not speak of the future."""
    if moment - reference <= _CLOCK_SKEW:
        return moment
    try:
        return moment.replace(year=moment.year - 1)
    except ValueError:  # the 29th of February
        return moment


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "")[:6].ljust(6, "0"))


def _zone(raw: str | None, default: tzinfo) -> tzinfo:
    if not raw:
        return default
    if raw in ("Z", "UTC", "GMT"):
        return UTC
    digits = raw[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if raw[0] == "-" else offset)
