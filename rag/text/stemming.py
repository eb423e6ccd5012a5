"""Stems of English words, so that `restarts` and `restarting` count as one word."""

from __future__ import annotations

_ENDINGS = ("ing", "edly", "ed", "es", "ly", "s")
_MIN_STEM = 3


def stem(word: str) -> str:
    """A lower-case word without its ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return word[: -len(ending)]
    return word
