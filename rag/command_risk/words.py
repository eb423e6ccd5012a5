"""What the rules share: sets of words, names of programs, and what is told of a command."""

from __future__ import annotations

from collections.abc import Sequence

from rag.domain.documents import Risk

_SEVERITY = (Risk.READ_ONLY, Risk.UNKNOWN, Risk.MUTATING, Risk.DESTRUCTIVE)
# What is told of a command: its risk, a command line inside it, the words of a simple command
# inside it, or several of these.
Told = Risk | str | list[str] | tuple["Told", ...]


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What feeds a command: the word behind it is no word of the command.
FED = word_set("< << <<- <<<")


def program_name(word: str) -> str:
    return word.rsplit("/", 1)[-1]


def worst(risks: Sequence[Risk]) -> Risk:
    return max(risks, key=_SEVERITY.index, default=Risk.UNKNOWN)
