"""DOCX, by python-docx. Lines count those of the extracted text."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.formats.docx_styles import (
    ParagraphStyle,
    number_of,
    numbering_of,
    styles_of,
    text_of,
)
from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.errors import QuarantineError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HOLDING = frozenset(f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml"))
_BY_STYLE = ""  # steps that only their style numbers
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
    reader = _Reader(styles_of(document), numbering_of(document))
    line = 1
    for kind, level, number, text in _with_joined_code(reader.contents(document.element.body)):
        if not text.strip():
            continue
        shown = f"{number}. {text}" if kind is BlockKind.STEP else text
        span = LineSpan(line, line + shown.count("\n"))
        mark = len(shown) - len(text)
        about = (0, len(shown), mark, len(shown))
        whole = documents.Block(kind, *about, level=level, number=number)
        yield Block(kind, shown, span, level, text.strip() if level else "", parts=(whole,))
        line = span.last + 1


_Content = tuple[BlockKind, int, int, str]  # kind, level of a heading, number of a step, text


def _with_joined_code(contents: Iterable[_Content]) -> Iterator[_Content]:
    """Paragraphs of code that follow each other as one block."""
    waiting: list[str] = []
    for content in contents:
        if content[0] is BlockKind.CODE:
            waiting.append(content[3])
            continue
        if waiting:
            yield BlockKind.CODE, 0, 0, "\n".join(waiting)
            waiting = []
        yield content
    if waiting:
        yield BlockKind.CODE, 0, 0, "\n".join(waiting)


class _Reader:
    """Reads paragraphs and tables; `numbering` are the formats of levels, by list."""

    def __init__(
        self, styles: Mapping[str, ParagraphStyle], numbering: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._styles = styles
        self._numbering = numbering
        self._steps: dict[str, Counter[str]] = {}  # the last step, by list and level

    def contents(self, body: Any) -> Iterator[_Content]:
        """What a reader sees, in its order: content controls and insertions too."""
        pending = [*reversed(list(body))]
        while pending:
            element = pending.pop()
            if element.tag == f"{_W}p":
                yield self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                self._steps.pop(_BY_STYLE, None)
                yield BlockKind.TABLE, 0, 0, "\n".join(_rows(element))
            elif element.tag in _HOLDING:
                pending += reversed(list(element))

    def _paragraph(self, paragraph: Any) -> _Content:
        text = text_of(paragraph)
        named = paragraph.find(f"{_W}pPr/{_W}pStyle")
        style = self._styles.get("" if named is None else named.get(f"{_W}val"), ParagraphStyle())
        place = number_of(paragraph) or style.number
        kind = style.kind
        if place and kind is BlockKind.PARAGRAPH:
            form = self._numbering.get(place[0], {}).get(place[1], "decimal")
            kind = {"bullet": BlockKind.ITEM, "none": kind}.get(form, BlockKind.STEP)
        if kind is not BlockKind.STEP:
            self._steps.pop(_BY_STYLE, None)
            return kind, style.level, 0, text
        numbered, level = place or (_BY_STYLE, "0")
        steps = self._steps.setdefault(numbered, Counter())
        if text.strip():
            steps[level] += 1
            for deeper in [one for one in steps if one > level]:
                del steps[deeper]
        return kind, 0, steps[level], text


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
