"""Jupyter notebooks: the cells' sources; outputs hold data, and are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingest.formats import markdown
from ingest.reading.blocks import Block, BlockKind
from ingest.reading.decode import decode
from rag.domain.documents import LineSpan
from rag.errors import QuarantineError


def blocks(data: bytes) -> tuple[Block, ...]:
    """Markdown cells as Markdown, code cells as code. Lines are those of the notebook's JSON."""
    text = decode(data)
    notebook = _read(text)
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
    told: object = notebook
    for key in ("metadata", "kernelspec", "language"):
        told = told.get(key) if isinstance(told, Mapping) else None
    return told.lower() if isinstance(told, str) else ""


class _LineFinder:
    """Where a source line stands in the raw JSON, looked for from the last one found on."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._next = 0

    def find(self, source: str) -> int:
        """The line, from 1, that holds `source` as a JSON string; the last one found if none."""
        wanted = json.dumps(source, ensure_ascii=False)[1:-1]
        escaped = json.dumps(source)[1:-1]
        for index in range(self._next, len(self._lines)):
            line = self._lines[index]
            if wanted in line or escaped in line:
                self._next = index if len(self._lines) == 1 else index + 1
                return index + 1
        return max(self._next, 1)


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
