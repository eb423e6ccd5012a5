"""A rule, and what it found: where, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    """How bad it is; the names are those of SARIF."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    def reaches(self, min_severity: Level) -> bool:
        """Whether it is at least as bad as `min_severity`."""
        order = list(Level)
        return order.index(self) <= order.index(min_severity)


@dataclass(frozen=True, slots=True)
class Rule:
    """`summary` says what is wrong in general, `mend` what an author does about it."""

    id: str
    level: Level
    summary: str
    mend: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule at a line of a file, counted from 1. It never quotes a secret."""

    rule: Rule
    place: Path
    line: int
    message: str
