"""What a document says of itself in its metadata (ingest/reading/metadata_blocks.py)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from ingest.formats import Loaded, load_text
from ingest.reading.acl_keys import ACL, looks_like_acl
from ingest.reading.heading_anchors import declared_anchors
from ingest.reading.metadata_blocks import read_metadata
from ingest.reading.metadata_values import READERS
from ingest.reading.noise import cleaned
from ingest.reading.notes import Note
from ingest.reading.stray_acl import may_be_stray, refuse_stray_acl
from rag.domain.documents import Kind
from rag.errors import InvalidTag, QuarantineError
from rag.text.strict_yaml import Entry

_STRAY = (
    "this `acl` does not count: it must stand in front matter, which begins on line 1 with `---` "
    "and ends with `---`"
)
# More than the lines in which a stray `acl` is looked for hold.
_BEGINNING = 65_536


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
    notes: tuple[Note, ...] = ()


def parse_front_matter(text: str, suffix: str = ".md") -> FrontMatter:
    """Read the metadata of a decoded file. Unknown keys are other tools' and are left alone; a
    known one whose value has no plain meaning is dropped with a note.

    Raises QuarantineError with the line where an `acl` cannot be understood.
    """
    found = read_metadata(text, suffix)
    notes = list(found.notes)
    fields = _fields(found.entries, notes)
    return FrontMatter(text[found.start :], found.first_line, fields, tuple(notes))


def read_text(suffix: str, text: str) -> tuple[FrontMatter, Loaded]:
    """A decoded file's metadata and its blocks.

    Raises QuarantineError where what an author wrote about access would be passed over.
    """
    front = parse_front_matter(text, suffix)
    body, notes = cleaned(front.body, suffix, front.body_first_line)
    loaded = load_text(suffix, body, front.body_first_line)
    anchors = declared_anchors(loaded.blocks, front.body, suffix, front.body_first_line)
    loaded = replace(loaded, anchors=anchors)
    if front.fields.acl is None:
        refuse_stray_acl(loaded.blocks, _STRAY)
    return (replace(front, notes=(*front.notes, *notes)) if notes else front), loaded


def own_acl(text: str, suffix: str = ".md") -> frozenset[str] | None:
    """The ACL alone, from metadata whose other keys may be wrong.

    None where it does not say. Raises QuarantineError where it cannot be read.
    """
    found = read_metadata(text, suffix)
    acl = _fields([entry for entry in found.entries if looks_like_acl(entry.key)], []).acl
    body = text[found.start :][:_BEGINNING]
    if acl is None and may_be_stray(body):
        refuse_stray_acl(load_text(suffix, body, found.first_line).blocks, _STRAY)
    return acl


def _fields(entries: Iterable[Entry], notes: list[Note]) -> Fields:
    found: dict[str, Any] = {}
    for entry in entries:
        if entry.key != ACL and looks_like_acl(entry.key):
            raise QuarantineError(
                f"the key {entry.key!r} looks like `acl`; write it so, or rename it", entry.line
            )
        if entry.key in found and entry.key == ACL:
            raise QuarantineError("`acl` is given twice", entry.line)
        reader = READERS.get(entry.key)
        if reader is None:
            continue
        try:
            found[entry.key] = reader(entry.value)
        except (ValueError, InvalidTag) as error:
            if entry.key == ACL:
                raise QuarantineError(f"{ACL}: {error}", entry.line) from error
            notes.append(Note(entry.line, f"{entry.key} was left out: {error}"))
    return replace(Fields(), **found)
