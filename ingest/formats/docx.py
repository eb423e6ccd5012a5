"""DOCX, by python-docx. Lines count those of the extracted text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.errors import QuarantineError

_HEADING = re.compile(r"Heading (\d)")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAX_UNPACKED = 64 * 1024 * 1024
_MAX_ENTRIES = 10_000


def blocks(data: bytes) -> tuple[Block, ...]:
    """Paragraphs by their styles, and tables, in the document's order."""
    try:
        from docx import Document
    except ImportError as error:
        raise QuarantineError(
            "DOCX needs the office extra: pip install 'runbook-search[office]'"
        ) from error
    try:
        _refuse_bomb(data)
        return tuple(_numbered(Document(io.BytesIO(data))))
    except (QuarantineError, MemoryError):
        raise
    except Exception as error:  # zip, XML and python-docx raise whatever damage makes them meet
        raise QuarantineError(f"not a readable DOCX: {error}"[:300]) from error


def _refuse_bomb(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MAX_UNPACKED or len(entries) > _MAX_ENTRIES:
        raise QuarantineError(
            f"unpacks to {unpacked / 1024**2:.0f} MiB in {len(entries)} parts, over the limits of "
            f"{_MAX_UNPACKED // 1024**2} MiB and {_MAX_ENTRIES} parts; export it without media"
        )


def _numbered(document: Any) -> Iterator[Block]:
    # Looked up once: python-docx searches all styles for each paragraph.
    styles = {style.style_id: style.name or "" for style in document.styles}
    line, step = 1, 0
    for item in document.iter_inner_content():
        kind, level, text = _content(item, styles)
        step = step + 1 if kind is BlockKind.STEP else 0
        if not text.strip():
            continue
        shown = f"{step}. {text}" if kind is BlockKind.STEP else text
        span = LineSpan(line, line + shown.count("\n"))
        whole = documents.Block(
            kind,
            0,
            len(shown),
            len(shown) - len(text),
            len(shown),
            level=level,
            number=step,
        )
        yield Block(kind, shown, span, level, text.strip() if level else "", parts=(whole,))
        line = span.last + 1


def _content(item: Any, styles: Mapping[str, str]) -> tuple[BlockKind, int, str]:
    """The kind of a paragraph or table, its level as a heading, and its text."""
    if hasattr(item, "rows"):
        return BlockKind.TABLE, 0, "\n".join(_rows(item._tbl))
    style = styles.get(item._p.style or "", "")
    heading = _HEADING.match(style)
    if heading or style == "Title":
        return BlockKind.HEADING, int(heading[1]) if heading else 1, item.text
    if style.startswith("List Number"):
        return BlockKind.STEP, 0, item.text
    if style.startswith("List Bullet"):
        return BlockKind.ITEM, 0, item.text
    return BlockKind.PARAGRAPH, 0, item.text


def _rows(table: Any) -> Iterator[str]:
    """The rows of a table; python-docx looks each cell up in all of them."""
    for row in table.iterchildren(f"{_W}tr"):
        yield " | ".join(_cell_text(cell) for cell in row.iterchildren(f"{_W}tc"))


def _cell_text(cell: Any) -> str:
    """The paragraphs of a cell on one line, those of a table within it too."""
    parts = [
        (inner.text or "") if inner.tag == f"{_W}t" else " "
        for inner in cell.iter(f"{_W}t", f"{_W}p", f"{_W}tab", f"{_W}br")
    ]
    return " ".join("".join(parts).split())
