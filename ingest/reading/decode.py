"""A file's bytes to text whose line numbers are those that an editor shows."""

from __future__ import annotations

import codecs
import re

from rag.errors import QuarantineError

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SAMPLE_BYTES = 8192
# More than one control character in thirty is no text that a person wrote.
_CONTROL_SHARE = 1 / 30


def decode(data: bytes) -> str:
    """UTF-8 (or UTF-16 with a byte order mark), without the mark, lines ending in `\\n` alone.

    Raises QuarantineError for an empty file, for binary content and for invalid UTF-8, naming
    the line of the first bad byte.
    """
    text = _text(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise QuarantineError("the file is empty")
    return text


def _text(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise QuarantineError("not UTF-16, in spite of its byte order mark") from error
    _refuse_binary(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        raise QuarantineError(
            f"not UTF-8: byte 0x{data[error.start]:02x}; save the file as UTF-8", line
        ) from error


def _refuse_binary(data: bytes) -> None:
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in data or len(_CONTROL.findall(sample)) > len(sample) * _CONTROL_SHARE:
        raise QuarantineError(
            "looks binary, not text; name it otherwise or add it to .runbookignore"
        )
