"""Every file format to a sequence of blocks; one module a format."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ingest.reading.blocks import Block, BlockKind, Loaded
from rag.errors import ConfigurationError

__all__ = ["SUFFIXES", "TEXT_SUFFIXES", "UNREAD_SUFFIXES", "Loaded", "load_binary", "load_text"]

# suffix -> module below ingest.formats, imported when a file of its kind is met
_TEXT = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".txt": "plain_text",
    ".rst": "restructured_text",
    ".adoc": "asciidoc",
    ".asciidoc": "asciidoc",
    ".html": "html",
    ".htm": "html",
}
_BINARY = {".ipynb": "notebook", ".pdf": "pdf", ".docx": "docx"}

TEXT_SUFFIXES = frozenset(_TEXT)
SUFFIXES = frozenset(_TEXT) | frozenset(_BINARY)
# Formats of documents that no parser here reads; files of them are counted in the report.
UNREAD_SUFFIXES = frozenset(
    {".org", ".textile", ".wiki", ".mediawiki", ".creole", ".rtf", ".odt", ".doc", ".pages"}
    | {".tex", ".typ", ".epub", ".ppt", ".pptx", ".xls", ".xlsx", ".pod", ".asc", ".rest"}
    | {".xhtml", ".mhtml", ".one", ".djot", ".qmd", ".rmd"}
)


def load_text(suffix: str, text: str, first_line: int) -> Loaded:
    """Blocks of a decoded file whose text begins on line `first_line` of it.

    Raises QuarantineError for what cannot be read as its suffix promises.
    """
    return _loaded(_module(_TEXT, suffix).blocks(text, first_line))


def load_binary(suffix: str, data: bytes) -> Loaded:
    """Blocks of a file in a format with an encoding of its own. Raises QuarantineError."""
    return _loaded(_module(_BINARY, suffix).blocks(data))


def _module(modules: dict[str, str], suffix: str) -> Any:
    if suffix not in modules:
        raise ConfigurationError(f"no loader reads {suffix or 'files without a suffix'}")
    return import_module(f"ingest.formats.{modules[suffix]}")


def _loaded(blocks: tuple[Block, ...]) -> Loaded:
    """The title is the first heading of level 1, else the first of all."""
    headings = [block for block in blocks if block.kind is BlockKind.HEADING and block.title]
    first = next((block for block in headings if block.level == 1), next(iter(headings), None))
    return Loaded(blocks, first.title if first else None)
