"""Looks for pages that speak to a model; they are reported, and indexed as ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.formats import TEXT_SUFFIXES
from ingest.reading.decode import decode_any
from rag.domain.documents import Chunk
from rag.guardrails.injection import signs_in

_MAX_OF_A_FILE = 20


@dataclass(frozen=True, slots=True)
class Suspicious:
    """A line that seems to be meant for a model. `line` counts from 1."""

    source: str
    path: str
    line: int
    reason: str


def scan(source: str, path: str, data: bytes, chunks: Sequence[Chunk]) -> list[Suspicious]:
    """The suspicious lines of a file: of its own text, else of what was read out of it."""
    if PurePosixPath(path).suffix.lower() in TEXT_SUFFIXES:
        found = [(sign.line, sign.reason) for sign in signs_in(decode_any(data).text)]
    else:
        found = [
            (min(chunk.lines.first + sign.line - 1, chunk.lines.last), sign.reason)
            for chunk in chunks
            for sign in signs_in(chunk.text)
        ]
    return [Suspicious(source, path, *one) for one in found[:_MAX_OF_A_FILE]]
