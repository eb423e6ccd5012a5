"""Bytes to text with an editor's line numbers."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading.decode import decode
from rag.errors import QuarantineError


@pytest.mark.parametrize("data", [b"", b"  \n\t\r\n", codecs.BOM_UTF8])
def test_an_empty_file_is_said_to_be_empty(data: bytes) -> None:
    with pytest.raises(QuarantineError, match="empty"):
        decode(data)


@pytest.mark.parametrize("data", [b"# a\0b", bytes(range(32)) * 20, b"\x7fELF\x01\x01\x00"])
def test_binary_content_is_refused(data: bytes) -> None:
    with pytest.raises(QuarantineError, match="binary"):
        decode(data)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_invalid_utf8_is_reported_with_its_line(ending: bytes) -> None:
    with pytest.raises(QuarantineError, match="0xff") as caught:
        decode(ending.join([b"one", b"two", b"th\xffree"]))
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "data",
    [
        b"a\r\nb\rc\n",
        codecs.BOM_UTF8 + b"a\nb\nc\n",
        "\ufeffa\nb\nc\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "a\nb\nc\n".encode("utf-16-be"),
    ],
)
def test_marks_and_line_endings_are_normal_afterwards(data: bytes) -> None:
    assert decode(data) == "a\nb\nc\n"


def test_other_unicode_separators_are_no_lines() -> None:
    assert decode("a\u2028b\x0cc\x85d".encode()).split("\n") == ["a\u2028b\x0cc\x85d"]


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        text = decode(data)
    except QuarantineError:
        return
    assert "\r" not in text
    assert text.strip()
