"""What was dropped of a document's metadata, or read in another way than it is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A remark for the document's owner, which changes no exit code. `line` counts from 1."""

    line: int
    text: str
