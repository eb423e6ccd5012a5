"""Stems of English words, so that `restarts` and `restarting` count as one word."""

from __future__ import annotations

from functools import lru_cache

_ENDINGS = ("ing", "edly", "ed", "es", "ly", "s")
_MIN_STEM = 3
_MAX_KEPT = 40  # characters; longer words are rare, and would fill the memory
_WORDS_KEPT = 1 << 15


def stem(word: str) -> str:
    """A lower-case word without its ending."""
    return _kept_stem(word) if len(word) <= _MAX_KEPT else _without_ending(word)


def _without_ending(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return word[: -len(ending)]
    return word


_kept_stem = lru_cache(_WORDS_KEPT)(_without_ending)
