"""PDF, by pypdf. Lines count those of the extracted text, page after page."""

from __future__ import annotations

import io
import logging
from typing import Any

from ingest.formats import plain_text
from ingest.reading.blocks import Block
from rag.errors import QuarantineError


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
    return "\n\n".join(page.extract_text() for page in reader.pages)
