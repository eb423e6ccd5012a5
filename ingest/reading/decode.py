"""A file's bytes to text whose line numbers are those that an editor shows."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from rag.errors import QuarantineError

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SAMPLE_BYTES = 8192
# More than one control character in thirty is no text that a person wrote.
_CONTROL_SHARE = 1 / 30
_DECLARED = re.compile(rb"""<meta[^<>]{0,200}?charset\s{0,4}=\s{0,4}["']?([\w.:-]{2,40})""", re.I)
_HEAD_BYTES = 4096
_DETECTION_BYTES = 65_536
# Encodings in which a byte below 128 is the ASCII character, so that no key of metadata hides.
_DETECTED = (
    *("cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254"),
    *("euc_jp", "euc_kr", "gb18030", "big5", "shift_jis"),
)
_MAX_CHAOS = 0.15  # of charset-normalizer: the share of text that looks like none


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text; `encoding` is named where it is not UTF-8."""

    text: str
    encoding: str = ""


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


def decode_any(data: bytes) -> Decoded:
    """The same of a document, which may have another encoding: the one that its HTML declares,
    else the one that charset-normalizer detects.

    Raises QuarantineError also where the encoding cannot be told.
    """
    try:
        return Decoded(decode(data))
    except QuarantineError as error:
        if error.line is None:  # empty or binary
            raise
        _refuse_binary(data)
        for encoding in (_declared(data), _detected(data)):
            try:
                text = data.decode(encoding) if encoding else ""
            except (UnicodeDecodeError, LookupError):
                continue
            if text.strip():
                return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), encoding)
        raise


def _declared(data: bytes) -> str:
    found = _DECLARED.search(data, 0, _HEAD_BYTES)
    name = found[1].decode("ascii", "replace") if found else ""
    try:
        canonical = codecs.lookup(name).name.replace("-", "_") if name else ""
    except LookupError:
        return ""
    return {"iso8859_1": "cp1252"}.get(canonical, canonical if canonical in _DETECTED else "")


def _detected(data: bytes) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(data[:_DETECTION_BYTES], cp_isolation=list(_DETECTED)).best()
    return found.encoding if found and found.chaos <= _MAX_CHAOS else ""


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
