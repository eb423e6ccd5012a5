"""The text of documents and chunks as HTML, whatever format their files have."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from api.web.block_markup import render_blocks
from api.web.markdown_text import Shown, headings_of, render_markdown
from api.web.matching import Matches
from rag.domain.documents import BlockKind, Chunk, Document, LineSpan, document_id
from rag.text.blocks import BlockText

_MARKDOWN = frozenset({".md", ".markdown"})
# What a relative link must end with to be taken for a link to a document.
_LINKED = _MARKDOWN | {".txt", ".rst", ".html", ".adoc", ".ipynb", ".pdf", ".docx"}
_WARNINGS = frozenset({"warning", "danger", "caution", "important", "attention", "critical"})
_MAX_WARNING = 400
_CHUNKS_KEPT = 512


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A heading of a document: `level` counts from 1, `anchor` is its id on the page."""

    level: int
    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """Sanitized HTML of a whole document, and its headings in order."""

    markup: str
    outline: tuple[OutlineEntry, ...]


def render_chunk(document: Document, chunk: Chunk, matches: Matches) -> str:
    """Sanitized HTML of one chunk, with the question's words marked.

    Results as one types show the same chunks again with the same words marked: the last are kept.
    """
    marked = matches.within(f"{chunk.text}\n{warning_of(chunk)}")
    title = document.metadata.title
    key = (chunk.id, document.path, title, chunk.section, chunk.lines, chunk.commands, marked)
    return _rendered(_ShownChunk(key, document, chunk, marked))


@dataclass(frozen=True, slots=True)
class _ShownChunk:
    """A chunk of a document and what is marked in it; `key` has all that its HTML depends on."""

    key: tuple[object, ...]
    document: Document = field(compare=False)
    chunk: Chunk = field(compare=False)
    matches: Matches = field(compare=False)


@lru_cache(_CHUNKS_KEPT)
def _rendered(one: _ShownChunk) -> str:
    document, chunk, matches = one.document, one.chunk, one.matches
    shown = Shown(
        first_line=chunk.lines.first,
        commands=chunk.commands,
        matches=matches,
        warning=warning_of(chunk),
        resolve=link_resolver(document),
        heading_shift=3,  # below the titles of the document and of the section
        skipped_titles=chunk.section or (document.metadata.title,),
    )
    return _render(document, BlockText(chunk.text, chunk.blocks), shown)


def render_document(
    document: Document, chunks: Sequence[Chunk], cited: LineSpan | None
) -> RenderedDocument:
    """The whole document, with the lines `cited` highlighted."""
    if not chunks:
        return RenderedDocument("", ())
    shown = Shown(
        first_line=chunks[0].lines.first,
        commands=tuple(command for chunk in chunks for command in chunk.commands),
        cited=cited,
        resolve=link_resolver(document),
        skipped_titles=(document.metadata.title,),
    )
    if _is_markdown(document):
        text = source_text(chunks)
        warning = next(filter(None, map(warning_of, chunks)), "")
        outline = headings_of(text, shown.first_line)
        return RenderedDocument(
            render_markdown(text, replace(shown, warning=warning)),
            tuple(
                OutlineEntry(*entry) for entry in outline if entry[1] not in shown.skipped_titles
            ),
        )
    return RenderedDocument(
        "".join(_render_part(document, chunk, shown) for chunk in chunks),
        tuple(entry for chunk in chunks for entry in _outline_of(chunk)),
    )


def source_text(chunks: Sequence[Chunk]) -> str:
    """The text of a document from its chunks, each line where it stands in the file.

    Front matter is no part of any chunk.
    """
    text = ""
    before: Chunk | None = None
    for chunk in chunks:
        if before is not None:
            # Prose that was cut within a line continues on it.
            lines = chunk.lines.first - before.lines.last
            text += "\n" * lines if lines > 0 else " "
        text += chunk.text
        before = chunk
    return text


def warning_of(chunk: Chunk) -> str:
    """What the chunk's first warning says, "" without one."""
    content = BlockText(chunk.text, chunk.blocks)
    for index, block in enumerate(chunk.blocks):
        if block.kind is BlockKind.ADMONITION and block.admonition in _WARNINGS:
            return " ".join(content.prose(index).split())[:_MAX_WARNING]
    return ""


def link_resolver(document: Document) -> Callable[[str], str | None]:
    """Turns a relative link of the document into the address of the document that it names.

    Whether that document exists is not known here; its page says so, to who may read it.
    """

    def resolve(target: str) -> str | None:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or not parts.path:
            return None
        path = posixpath.normpath(
            posixpath.join(posixpath.dirname(document.path), unquote(parts.path))
        )
        if path.startswith(("/", "..")) or PurePosixPath(path).suffix.lower() not in _LINKED:
            return None
        return f"/documents/{document_id(document.source, path)}"

    return resolve


def _render_part(document: Document, chunk: Chunk, shown: Shown) -> str:
    part = replace(
        shown,
        first_line=chunk.lines.first,
        commands=chunk.commands,
        warning=warning_of(chunk),
    )
    return _render(document, BlockText(chunk.text, chunk.blocks), part)


def _render(document: Document, content: BlockText, shown: Shown) -> str:
    if _is_markdown(document):
        return render_markdown(content.text, shown)
    return render_blocks(content, shown)


def _is_markdown(document: Document) -> bool:
    return PurePosixPath(document.path).suffix.lower() in _MARKDOWN


def _outline_of(chunk: Chunk) -> list[OutlineEntry]:
    content = BlockText(chunk.text, chunk.blocks)
    return [
        OutlineEntry(
            max(1, block.level),
            " ".join(content.prose(index).split()),
            f"L{chunk.lines.first + chunk.text.count(chr(10), 0, block.start)}",
        )
        for index, block in enumerate(chunk.blocks)
        if block.kind is BlockKind.HEADING and block.parent < 0
    ]
