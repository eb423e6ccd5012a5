"""Words of a command."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for constants that a list literal would spread over many lines."""
    return frozenset(text.split())


def program_name(word: str) -> str:
    """The name of a program without the folder that it is called in."""
    return word.rsplit("/", 1)[-1]
