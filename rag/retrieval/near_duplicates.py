"""Near-duplicate hits of one section, of which a reader needs one."""

from __future__ import annotations

import re

from rag.domain.documents import Chunk

_WORD = re.compile(r"\w+")
_SHINGLE = 3
# Two passages that share this much of the shorter one's three-word runs say the same.
_SHARED = 0.8


def is_near_duplicate(chunk: Chunk, other: Chunk) -> bool:
    """Whether two chunks of one document and one section repeat each other."""
    if (chunk.document_id, chunk.section) != (other.document_id, other.section):
        return False
    return says_the_same(chunk, other)


def says_the_same(chunk: Chunk, other: Chunk) -> bool:
    """Whether two chunks repeat each other, wherever they stand."""
    mine, theirs = _shingles(chunk.text), _shingles(other.text)
    shorter = min(len(mine), len(theirs))
    return shorter > 0 and len(mine & theirs) >= _SHARED * shorter


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    width = min(_SHINGLE, len(words))
    if not width:
        return frozenset()
    return frozenset(tuple(words[start : start + width]) for start in range(len(words) - width + 1))
