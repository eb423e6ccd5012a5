"""What a document says of itself, in YAML between two `---` lines at its beginning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

from ingest.reading.blocks import Block, BlockKind
from rag.access.acl import parse_tags
from rag.domain.documents import Kind
from rag.errors import InvalidTag, QuarantineError
from rag.guardrails.injection import HIDDEN_CHARACTERS
from rag.text.strict_yaml import Entry, Value, read_mapping

_OPEN = re.compile(r"---[ \t]*\n")
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_KEY_LINE = re.compile(r"\s*[A-Za-z_][\w -]*:(?:\s|$)")
# An `acl` that stands where it does not count: not within front matter as it must be written.
_STRAY_ACL = re.compile(r"""\s*["']?acl["']?\s*[:=]""")
_STRAY_LINES = 40
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")
_PERIOD = re.compile(r"(\d{1,5})\s*([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_MAX_PERIOD_DAYS = 20 * 365
_LIKE_ACL = frozenset({"acl", "acls", "access", "accesscontrol", "readers", "allowedgroups"})


@dataclass(frozen=True, slots=True)
class Fields:
    """The known keys. `acl` is None where the document says nothing, empty where it says nobody."""

    title: str | None = None
    kind: Kind | None = None
    service: tuple[str, ...] = ()
    owner: str | None = None
    severity: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    acl: frozenset[str] | None = None
    last_reviewed: date | None = None
    review_every: timedelta | None = None
    supersedes: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A document's fields and what is left of its text, with the line in the file it begins on."""

    body: str
    body_first_line: int
    fields: Fields = field(default_factory=Fields)


def parse_front_matter(text: str) -> FrontMatter:
    """Read the front matter of a decoded file. Unknown keys are other tools' and are left alone.

    Raises QuarantineError with the line of whatever cannot be understood: what an author wrote
    about access must never be passed over.
    """
    entries, body, first_line = _split(text)
    fields = _fields(entries)
    if fields.acl is None:
        _refuse_stray_acl(body, first_line)
    return FrontMatter(body, first_line, fields)


def own_acl(text: str) -> frozenset[str] | None:
    """The ACL alone, from front matter whose other keys may be wrong.

    None where it does not say. Raises QuarantineError where it cannot be read.
    """
    entries, body, first_line = _split(text)
    acl = _fields([entry for entry in entries if entry.key == "acl"]).acl
    if acl is None:
        _refuse_stray_acl(body, first_line)
    return acl


def _split(text: str) -> tuple[list[Entry], str, int]:
    """What is between the `---` lines, what follows, and the line on which that begins."""
    opened = _OPEN.match(text)
    closed = _CLOSE.search(text, opened.end()) if opened else None
    if opened is None:
        return [], text, 1
    if closed is None:
        _refuse_unclosed(text, opened.end())
        return [], text, 1
    entries = read_mapping(text[opened.end() : closed.start()], 2, "front matter")
    return entries, text[closed.end() + 1 :], text.count("\n", 0, closed.end()) + 2


def _fields(entries: list[Entry]) -> Fields:
    found: dict[str, Any] = {}
    for entry in entries:
        _refuse_misspelt_acl(entry)
        reader = _READERS.get(entry.key)
        if reader is not None:
            try:
                found[entry.key] = reader(entry.value)
            except (ValueError, InvalidTag) as error:
                raise QuarantineError(f"{entry.key}: {error}", entry.line) from error
    return replace(Fields(), **found)


def _text(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise ValueError("expected text")


def _texts(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise ValueError("expected text or a list of texts")
    return tuple(str(item).strip() for item in items if str(item).strip())


def _acl(value: Value) -> frozenset[str]:
    if value is None:
        return frozenset()
    if isinstance(value, dict):
        raise ValueError("expected a list of ACL tags")
    return parse_tags(value if isinstance(value, list) else [value])


def _kind(value: Value) -> Kind | None:
    if value in (None, ""):
        return None
    known = [kind.value for kind in Kind]
    if value not in known:
        raise ValueError(f"expected one of {', '.join(known)}")
    return Kind(str(value))


def _date(value: Value) -> date | None:
    if value is None:
        return None
    matched = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        found = date.fromisoformat(matched[1]) if matched else None
    except ValueError:
        found = None
    if found is None or found.year < 1970:
        raise ValueError("expected a date like 2026-09-14")
    return found


def _period(value: Value) -> timedelta | None:
    if value is None:
        return None
    matched = _PERIOD.fullmatch(value.strip()) if isinstance(value, str) else None
    days = int(matched[1]) * _DAYS[matched[2]] if matched else 0
    if not 0 < days <= _MAX_PERIOD_DAYS:
        raise ValueError("expected a period like 90d, 12w, 6m or 1y")
    return timedelta(days=days)


def _link(value: Value) -> str | None:
    link = _text(value)
    if link is not None and not link.startswith(("https://", "http://")):
        raise ValueError("expected a link that begins with https:// or http://")
    return link


_READERS: dict[str, Callable[[Value], object]] = {
    "title": _text,
    "kind": _kind,
    "service": _texts,
    "owner": _text,
    "severity": _texts,
    "alerts": _texts,
    "tags": _texts,
    "acl": _acl,
    "last_reviewed": _date,
    "review_every": _period,
    "supersedes": _text,
    "url": _link,
}


def _refuse_misspelt_acl(entry: Entry) -> None:
    folded = unicodedata.normalize("NFKC", entry.key).casefold()
    if entry.key not in _READERS and re.sub(r"[^a-z]", "", folded) in _LIKE_ACL:
        raise QuarantineError(
            f"the key {entry.key!r} looks like `acl`; write it so, or rename it",
            entry.line,
        )


def _refuse_unclosed(text: str, start: int) -> None:
    after = text[start:].lstrip("\n")
    if _KEY_LINE.match(after):
        raise QuarantineError("front matter is opened on line 1 and never closed by `---`", 1)


def _refuse_stray_acl(body: str, first_line: int) -> None:
    """Refuse what an author wrote about access where nothing reads it, whatever went wrong."""
    line = _stray_acl(enumerate(body.split("\n", _STRAY_LINES), first_line))
    if line is not None:
        raise QuarantineError(
            "this `acl` does not count: it must stand in front matter, which begins on line 1 "
            "with `---` and ends with `---`",
            line,
        )


def refuse_acl_in(blocks: Iterable[Block]) -> None:
    """Refuse what an author wrote about access in a file whose format has no front matter.

    It would be passed over, and a wider ACL around the file would count. Code that says its
    language is an example, as a fenced block is, unless it is written as front matter is.
    Raises QuarantineError with the line.
    """
    line = _stray_acl(numbered for block in blocks for numbered in _lines_that_count(block))
    if line is not None:
        raise QuarantineError(
            "this `acl` does not count: files of this format have no front matter. Take it out, "
            "and say who may read the file in a .runbook-acl.yaml beside it or by the `acl` of "
            "its source",
            line,
        )


def _lines_that_count(block: Block) -> Iterator[tuple[int, str]]:
    lines = block.text.split("\n")
    if block.kind is BlockKind.CODE and block.language and lines[0].strip() != "---":
        return
    for number, line in enumerate(lines, block.lines.first):
        yield min(number, block.lines.last), line


def _stray_acl(lines: Iterable[tuple[int, str]]) -> int | None:
    """The number of the first line that looks like an `acl`, outside fences, near the beginning."""
    fenced = False
    for number, line in islice(lines, _STRAY_LINES):
        if _FENCE.match(line):
            fenced = not fenced
        shown = unicodedata.normalize("NFKC", HIDDEN_CHARACTERS.sub("", line)).casefold()
        if not fenced and _STRAY_ACL.match(shown):
            return number
    return None
