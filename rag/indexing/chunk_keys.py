"""The number of a chunk: its vector's id and its row in the lexical index.

It carries the number of its document's version, so that a vector written before its version serves
differs from the one that it replaces.
"""

from __future__ import annotations

CHUNKS_PER_VERSION = 1 << 20


def chunk_key(version: int, ordinal: int) -> int:
    """The number of a chunk of a version."""
    return version * CHUNKS_PER_VERSION + ordinal


def version_of(key: int) -> int:
    """The version that a chunk's number carries."""
    return key // CHUNKS_PER_VERSION
