"""What a rule finds in a command, and the order of risks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain.documents import Risk

_SEVERITY = (Risk.READ_ONLY, Risk.UNKNOWN, Risk.MUTATING, Risk.DESTRUCTIVE)


@dataclass(frozen=True, slots=True)
class IfDestructive:
    """Words that may be a command: they count if they destroy something."""

    words: list[str]


# What a rule finds: a risk, a command line to be classified in turn, the words of a simple command
# to be classified in turn, or several of these.
Finding = Risk | str | list[str] | IfDestructive | tuple["Finding", ...]


def worst(risks: Sequence[Risk]) -> Risk:
    """The most dangerous of these; unknown if there is none."""
    return max(risks, key=_SEVERITY.index, default=Risk.UNKNOWN)
