"""PDF, by pypdf. Lines count those of the extracted text, page after page."""

from __future__ import annotations

import io
import logging
import re
from typing import Any

from ingest.formats import plain_text
from ingest.reading.blocks import Block
from rag.errors import QuarantineError

_MAX_PAGES = 2000
_MAX_CHARACTERS = 4_000_000
# A word that a line break divides: the rest of it goes up, so that lines keep their numbers.
_HYPHENATED = re.compile(r"([a-z])[-\u00ad\u2010]\n([a-z]{1,60}[.,;:)]?) ?")


def blocks(data: bytes) -> tuple[Block, ...]:
    """The text layer as plain text. Raises QuarantineError where there is none to read."""
    try:
        from pypdf import PdfReader
    except ImportError as error:
        raise QuarantineError(
            "PDF needs the office extra: pip install 'runbook-search[office]'"
        ) from error
    # What it says of a damaged file names no file; what cannot be read is told with its path.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        text = _text(PdfReader(io.BytesIO(data)))
    except (QuarantineError, MemoryError):
        raise
    except Exception as error:  # pypdf raises whatever a malformed file makes it meet
        raise QuarantineError(f"not a readable PDF: {error}"[:300]) from error
    if not text.strip():
        raise QuarantineError("the PDF holds no text; scanned pages need OCR first")
    return plain_text.blocks(text, 1)


def _text(reader: Any) -> str:
    if reader.is_encrypted:
        raise QuarantineError("the PDF is encrypted; save it without a password")
    pages: list[str] = []
    size = 0
    for page in reader.pages:
        pages.append(_HYPHENATED.sub(r"\1\2\n", page.extract_text()))
        size += len(pages[-1])
        if len(pages) > _MAX_PAGES or size > _MAX_CHARACTERS:
            raise QuarantineError(
                f"the PDF holds more than {_MAX_PAGES} pages or {_MAX_CHARACTERS} characters; "
                "split it"
            )
    return "\n\n".join(pages)
