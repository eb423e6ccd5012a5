"""Values of metadata as other tools write them; a value without a plain meaning is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import cast

from rag.access.acl import parse_tags
from rag.domain.documents import Kind
from rag.text.strict_yaml import Value

_DATE = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?:[T ].*)?", re.DOTALL)
_NAMED_DATES = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%d-%b-%Y")
_PERIOD = re.compile(r"P?(\d{1,5})\s*+-?\s*+(d|w|m|y|days?|weeks?|months?|years?)", re.IGNORECASE)
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_NAMED_PERIODS = {
    "daily": 1, "weekly": 7, "monthly": 30, "quarterly": 90, "yearly": 365, "annually": 365,
}  # fmt: skip
_MAX_PERIOD_DAYS = 20 * 365
_NO_LETTER = re.compile(r"[^a-z]")
_KINDS = {
    "runbook": Kind.RUNBOOK, "runbooks": Kind.RUNBOOK, "postmortem": Kind.POSTMORTEM,
    "postmortems": Kind.POSTMORTEM, "note": Kind.NOTE, "notes": Kind.NOTE,
}  # fmt: skip


def text(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise ValueError("expected text")


def names(value: Value) -> str | None:
    """One name, or several in a list."""
    return ", ".join(texts(value)) or None


def texts(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise ValueError("expected text or a list of texts")
    return tuple(str(item).strip() for item in items if str(item).strip())


def acl(value: Value) -> frozenset[str]:
    if value is None:
        return frozenset()
    if isinstance(value, dict):
        raise ValueError("expected a list of ACL tags")
    return parse_tags(value if isinstance(value, list) else [value])


def kind(value: Value) -> Kind | None:
    if value in (None, ""):
        return None
    found = _KINDS.get(_NO_LETTER.sub("", value.lower())) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"expected one of {', '.join(one.value for one in Kind)}")
    return found


def day(value: Value) -> date | None:
    if value is None or value == "":
        return None
    found = _day(value.strip()) if isinstance(value, str) else None
    if found is None or found.year < 1970:
        raise ValueError("expected a date like 2026-09-14")
    return found


def _day(written: str) -> date | None:
    matched = _DATE.fullmatch(written)
    try:
        if matched:
            return date(int(matched[1]), int(matched[3]), int(matched[4]))
    except ValueError:
        return None
    plain = " ".join(written.replace(",", " ").split())
    for form in _NAMED_DATES:
        try:
            return datetime.strptime(plain, form).date()
        except ValueError:
            continue
    return None


def period(value: Value) -> timedelta | None:
    if value is None or value == "":
        return None
    written = value.strip() if isinstance(value, str) else ""
    matched = _PERIOD.fullmatch(written)
    days = int(matched[1]) * _DAYS[matched[2][0].lower()] if matched else 0
    days = days or _NAMED_PERIODS.get(written.lower(), 0)
    if not 0 < days <= _MAX_PERIOD_DAYS:
        raise ValueError("expected a period like 90d, 12w, 6m or 1y")
    return timedelta(days=days)


def link(value: Value) -> str | None:
    found = text(value)
    if found is not None and not found.startswith(("https://", "http://")):
        raise ValueError("expected a link that begins with https:// or http://")
    return found


READERS = cast(
    dict[str, Callable[[Value], object]],
    {
        "title": text,
        "kind": kind,
        "service": texts,
        "owner": names,
        "severity": texts,
        "alerts": texts,
        "tags": texts,
        "acl": acl,
        "last_reviewed": day,
        "review_every": period,
        "supersedes": text,
        "url": link,
    },
)
