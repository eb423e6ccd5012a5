"""DOCX, by python-docx. Lines count those of the extracted text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from ingest.reading.blocks import Block, BlockKind
from rag.domain.documents import LineSpan
from rag.errors import QuarantineError

_HEADING = re.compile(r"Heading (\d)")
_MAX_UNPACKED = 200 * 1024 * 1024


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
        return tuple(_numbered(list(Document(io.BytesIO(data)).iter_inner_content())))
    except (QuarantineError, MemoryError):
        raise
    except Exception as error:  # zip, XML and python-docx raise whatever damage makes them meet
        raise QuarantineError(f"not a readable DOCX: {error}"[:300]) from error


def _refuse_bomb(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > _MAX_UNPACKED:
        raise QuarantineError(f"unpacks to {unpacked // 1024**2} MiB; export it without media")


def _numbered(content: list[Any]) -> Iterator[Block]:
    line, step = 1, 0
    for item in content:
        kind, level, text = _told(item)
        step = step + 1 if kind is BlockKind.STEP else 0
        if not text.strip():
            continue
        shown = f"{step}. {text}" if kind is BlockKind.STEP else text
        span = LineSpan(line, line + shown.count("\n"))
        yield Block(kind, shown, span, level, text.strip() if level else "")
        line = span.last + 1


def _told(item: Any) -> tuple[BlockKind, int, str]:
    if hasattr(item, "rows"):
        rows = (" | ".join(cell.text.strip() for cell in row.cells) for row in item.rows)
        return BlockKind.TABLE, 0, "\n".join(rows)
    style = (item.style.name or "") if item.style is not None else ""
    heading = _HEADING.match(style)
    if heading or style == "Title":
        return BlockKind.HEADING, int(heading[1]) if heading else 1, item.text
    if style.startswith("List Number"):
        return BlockKind.STEP, 0, item.text
    if style.startswith("List Bullet"):
        return BlockKind.ITEM, 0, item.text
    return BlockKind.PARAGRAPH, 0, item.text
