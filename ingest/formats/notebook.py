"""Jupyter notebooks: the cells' sources; outputs hold data, and are left out."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingest.formats import markdown
from ingest.reading.acl_keys import looks_like_acl
from ingest.reading.blocks import Block, BlockKind
from ingest.reading.decode import decode
from rag.domain.documents import LineSpan
from rag.errors import QuarantineError

# A line that holds one JSON string, in a list or as the source of a cell.
_STRING = re.compile(
    r'\s*+(?:"source"\s*+:\s*+)?+\[?+\s*+("(?:[^"\\]++|\\.)*+")\s*+\]?+\s*+,?+\s*+'
)


def blocks(data: bytes) -> tuple[Block, ...]:
    """Markdown cells as Markdown, code cells as code. Lines are those of the notebook's JSON."""
    text = decode(data)
    notebook = _read(text)
    if any(looks_like_acl(str(key)) for key in notebook.get("metadata", {})):
        raise QuarantineError(
            "the `acl` in the notebook's metadata does not count; take it out, and say who may "
            "read the file in a .runbook-acl.yaml beside it"
        )
    language = _language(notebook)
    lines = _LineFinder(text)
    return tuple(
        block for cell in notebook.get("cells", []) for block in _cell(cell, language, lines)
    )


def _read(text: str) -> Mapping[str, Any]:
    import nbformat

    try:
        json.loads(text)
        return dict(nbformat.reads(text, as_version=4))  # type: ignore[no-untyped-call]  # untyped
    except json.JSONDecodeError as error:
        raise QuarantineError(f"not a notebook: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise QuarantineError("not a notebook: nested too deeply") from error
    except Exception as error:  # nbformat raises whatever a malformed notebook makes it meet
        raise QuarantineError(f"not a notebook: {type(error).__name__}: {error}"[:300]) from error


def _language(notebook: Mapping[str, Any]) -> str:
    """The kernel's language; empty where the notebook does not say."""
    value: object = notebook
    for key in ("metadata", "kernelspec", "language"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value.lower() if isinstance(value, str) else ""


class _LineFinder:
    """Where a source line stands in the raw JSON, looked for from the last one found on.

    Notebooks are written with each line of source as a JSON string on a line of its own, or with
    all of a cell's source as one. Of one that is written otherwise, the last line found is told.
    """

    def __init__(self, text: str) -> None:
        # For each line of source, its places in the order of the file, and the lines of these.
        self._places: dict[str, list[int]] = {}
        self._lines: list[int] = []
        for number, raw in enumerate(text.split("\n"), start=1):
            for source in _sources(raw):
                self._places.setdefault(source, []).append(len(self._lines))
                self._lines.append(number)
        self._next = 0
        self._last = 1

    def find(self, source: str) -> int:
        """The line, from 1, of the next place that holds `source`; the last one found if none."""
        places = self._places.get(source, [])
        behind = bisect_left(places, self._next)
        if behind < len(places):
            self._next = places[behind] + 1
            self._last = self._lines[places[behind]]
        return self._last


def _sources(raw: str) -> list[str]:
    """The lines of source that a line of JSON holds."""
    found = _STRING.fullmatch(raw)
    if found is None:
        return []
    try:
        source: str = json.loads(found[1])
    except ValueError:
        return []
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cell(cell: Mapping[str, Any], language: str, lines: _LineFinder) -> Iterator[Block]:
    source = str(cell.get("source", "")).replace("\r\n", "\n").replace("\r", "\n")
    if not source.strip():
        return
    where = [lines.find(line) if line.strip() else 0 for line in source.split("\n")]
    if cell.get("cell_type") == "markdown":
        made: tuple[Block, ...] = markdown.blocks(source, 1)
    else:
        last = source.count("\n") + 1
        # A raw cell is in no language: nothing runs it.
        spoken = language if cell.get("cell_type") == "code" else ""
        made = (Block(BlockKind.CODE, source, LineSpan(1, last), language=spoken),)
    for block in made:
        known = [line for line in where[block.lines.first - 1 : block.lines.last] if line]
        yield replace(block, lines=LineSpan(min(known), max(known)))
