"""Metadata in the forms that other tools write it: entries with their lines, and notes.

- YAML between `---` lines, also where other tools' keys are no strict YAML
- TOML between `+++` lines, JSON between `;;;` lines or in braces at the beginning (Hugo)
- attributes of an AsciiDoc header, the first field list of reStructuredText, `<meta>` of HTML
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.reading.acl_keys import may_hold_acl
from ingest.reading.metadata_values import READERS, acl, texts
from ingest.reading.notes import Note
from ingest.reading.stray_acl import is_acl_line
from rag.errors import QuarantineError
from rag.text.strict_yaml import MAX_BYTES, Entry, Value, read_mapping

_WHAT = "front matter"
_OPEN = re.compile(r"(---|\+\+\+|;;;)[ \t]*\n")
_CLOSE = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE),
    ";;;": re.compile(r"^;;;[ \t]*$", re.MULTILINE),
}
_BRACE = re.compile(r"^\}[ \t]*$", re.MULTILINE)
_KEY_LINE = re.compile(r"[^\s#:,\-\[\]{}][^:\n]*+:(?:\s|$)")
_PLAIN_VALUE = re.compile(r"([A-Za-z_]\w*+):[ \t]++([^\s\[\]{}&*!|>%@`\"'#][^\n]*+)\n*")
_FIELD = re.compile(r":([A-Za-z][\w .-]*+):(?:[ \t]++(.*+))?")
_META = re.compile(r"<meta\b([^<>]{0,500})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_ADORNMENT = re.compile(r"""([!-/:-@\[-`{-~])\1{2,}\s*""")
_HEADER_LINES = 40
_HEAD_CHARACTERS = 32_768


@dataclass(frozen=True, slots=True)
class Metadata:
    """Entries and notes; what follows them is `text[start:]`, which begins on `first_line`."""

    entries: list[Entry]
    notes: list[Note]
    start: int = 0
    first_line: int = 1


def read_metadata(text: str, suffix: str) -> Metadata:
    """The metadata of a decoded file. Raises QuarantineError where it may hold an `acl` that
    cannot be read.
    """
    found = _between_marks(text)
    if found is not None:
        return found
    in_format = _OF_FORMATS.get(suffix)
    return Metadata(list(in_format(text)) if in_format else [], [])


def _between_marks(text: str) -> Metadata | None:
    opened = _OPEN.match(text)
    if opened:
        mark, start, closing = opened[1], opened.end(), _CLOSE[opened[1]]
        closed = closing.search(text, start)
        inside = text[start : closed.start()] if closed else ""
    elif text.startswith("{\n"):
        mark, start = "{", 0
        closed = _BRACE.search(text)
        inside = text[: closed.end()] if closed else ""
    else:
        return None
    if closed is None:
        return None
    first = 1 if mark == "{" else 2
    readers = {"---": _yaml, "+++": _toml, ";;;": _json, "{": _json}
    read = readers[mark](inside, first)
    if read is None:
        return None
    entries, notes = read
    return Metadata(
        entries, notes, min(closed.end() + 1, len(text)), text.count("\n", 0, closed.end()) + 2
    )


_Read = tuple[list[Entry], list[Note]]


def _yaml(block: str, first_line: int) -> _Read | None:
    """Strict YAML, else what can be read of it key by key; None for what is no front matter."""
    try:
        return read_mapping(block, first_line, _WHAT), []
    except QuarantineError:
        if len(block.encode()) > MAX_BYTES or may_hold_acl(block):
            raise
        lines = block.split("\n")
        if not any(map(_KEY_LINE.match, lines)):
            return None
        return _salvaged(lines, first_line)


def _salvaged(lines: Sequence[str], first_line: int) -> _Read:
    """The entries that are plain by themselves; the first of those with one key."""
    entries: dict[str, Entry] = {}
    notes: list[Note] = []
    for number, chunk in _by_key(lines, first_line):
        for entry in _entries_of(chunk, number, notes):
            if entry.key in entries:
                notes.append(Note(entry.line, f"{entry.key!r} is given twice; the first counts"))
            else:
                entries[entry.key] = entry
    return list(entries.values()), notes


def _by_key(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str]]:
    """Each key at the left margin with the lines below it, and the number of its line."""
    begun, held = first_line, list[str]()
    for number, line in enumerate(lines, first_line):
        if _KEY_LINE.match(line) and held:
            yield begun, "\n".join(held)
            begun, held = number, []
        held.append(line)
    yield begun, "\n".join(held)


def _entries_of(chunk: str, line: int, notes: list[Note]) -> list[Entry]:
    for written in dict.fromkeys((chunk, chunk.expandtabs(4))):
        try:
            return read_mapping(written, line, _WHAT)
        except QuarantineError as error:
            reason = error.reason
    plain = _PLAIN_VALUE.fullmatch(chunk)
    if plain:
        return [Entry(plain[1], line, plain[2].strip())]
    key = chunk.strip().split(":", 1)[0][:40]
    notes.append(Note(line, f"{key!r} was left out: {reason}"))
    return []


def _toml(block: str, first_line: int) -> _Read:
    return _loaded(tomllib.loads, block, first_line, "TOML")


def _json(block: str, first_line: int) -> _Read | None:
    is_braces = block.startswith("{")
    text = block if is_braces else "{" + block.strip().strip("{},") + "}"
    try:
        json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        if is_braces and not may_hold_acl(block):
            return None  # text that begins with a brace
        if "twice" in str(error):
            raise QuarantineError(f"{_WHAT}: {error}", first_line) from error
    except RecursionError as error:
        raise QuarantineError(f"{_WHAT} is nested too deeply", first_line) from error
    return _loaded(json.loads, text, first_line, "JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is given twice")
    return made


def _loaded(load: Callable[[str], Any], block: str, first_line: int, language: str) -> _Read:
    if len(block.encode()) > MAX_BYTES:
        raise QuarantineError(f"{_WHAT} is larger than {MAX_BYTES // 1024} KiB", first_line)
    try:
        found = load(block)
    except (ValueError, RecursionError) as error:
        reason = f"{_WHAT} is not valid {language}: {error}"[:300]
        if may_hold_acl(block):
            raise QuarantineError(reason, first_line) from error
        return [], [Note(first_line, f"{reason}; it was left out")]
    return [
        Entry(str(k), _line_of(str(k), block, first_line), _plain(v)) for k, v in found.items()
    ], []


def _line_of(key: str, block: str, first_line: int) -> int:
    lines = block.split("\n")
    return next((n for n, line in enumerate(lines, first_line) if key in line), first_line)


def _plain(value: Any) -> Value:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if value is None else str(value)


def _asciidoc(text: str) -> Iterator[Entry]:
    """The attributes of the header, which ends at the first blank line behind its title."""
    titled = False
    for number, line in enumerate(text.split("\n", _HEADER_LINES)[:_HEADER_LINES], 1):
        field = _FIELD.fullmatch(line)
        if field:
            yield _entry(field, number)
        elif line.startswith(("= ", "# ")):
            titled = True
        elif not line.startswith("//") and titled != bool(line.strip()):
            return  # a blank line behind the title, or text before it


def _restructured_text(text: str) -> Iterator[Entry]:
    """The fields before the first paragraph, but for a title and comments."""
    lines = text.split("\n", _HEADER_LINES)[:_HEADER_LINES]
    for number, line in enumerate(lines, 1):
        field = _FIELD.fullmatch(line)
        if field:
            yield _entry(field, number)
        elif line[:1].strip() and not line.startswith("..") and not _is_of_title(lines, number - 1):
            return


def _is_of_title(lines: Sequence[str], at: int) -> bool:
    around = lines[max(at - 1, 0) : at + 2]
    return any(_ADORNMENT.fullmatch(line) for line in around)


def _html(text: str) -> Iterator[Entry]:
    """`<meta name="acl">`; other names are those of other tools.

    Raises QuarantineError for an `acl` in a comment, which nothing reads.
    """
    _refuse_acl_in_comment(text)
    for found in _META.finditer(text, 0, _HEAD_CHARACTERS):
        named = {
            one[1].lower(): next(filter(None, one.groups()[1:]), "")
            for one in _ATTRIBUTE.finditer(found[1])
        }
        if named.get("name", "").lower() in ("acl", "acls"):
            line = text.count("\n", 0, found.start()) + 1
            yield Entry(named["name"].lower(), line, _listed(named.get("content", "")))


def _refuse_acl_in_comment(text: str) -> None:
    inside = False
    for number, line in enumerate(text.split("\n", _HEADER_LINES)[:_HEADER_LINES], 1):
        if (inside or "<!--" in line) and is_acl_line(line[max(line.rfind("<!--"), 0) :]):
            raise QuarantineError("this `acl` stands in a comment and does not count", number)
        inside = line.rfind("<!--") > line.rfind("-->") or (inside and "-->" not in line)


def _entry(field: re.Match[str], line: int) -> Entry:
    key = field[1].lower()
    value = (field[2] or "").strip()
    return Entry(key, line, _listed(value) if key in _LISTED else value or None)


_LISTED = frozenset(key for key, reader in READERS.items() if reader in (texts, acl))


def _listed(value: str) -> list[Value]:
    """The parts of a value between commas, with or without brackets around them."""
    bare = value.strip().removeprefix("[").removesuffix("]")
    return [part.strip(" \t\"'") for part in bare.split(",") if part.strip(" \t\"'")]


_OF_FORMATS: dict[str, Callable[[str], Iterator[Entry]]] = {
    ".adoc": _asciidoc,
    ".asciidoc": _asciidoc,
    ".rst": _restructured_text,
    ".html": _html,
    ".htm": _html,
}
