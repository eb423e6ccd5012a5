"""How much reading one file may cost, and what is said of a file that costs more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rag.errors import QuarantineError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Limits of one file.

    `seconds` is processor time; by the clock it may take twice as long, for a machine that has
    other work. `memory_mib` is what the reading process holds in all, itself included (about
    60 MiB). `output_mib` limits what comes out of the file: a small archive can hold a large text.
    """

    seconds: float = 5.0
    memory_mib: int = 300
    output_mib: int = 32

    @property
    def wall_seconds(self) -> float:
        return 2 * self.seconds


class FailureKind(StrEnum):
    """Why a file could not be read to its end."""

    TIME = "time"
    MEMORY = "memory"
    OUTPUT = "output"
    CRASH = "crash"


class ReadingFailed(QuarantineError):
    """Reading a file went over a limit, or ended the process that read it."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def over_limit(kind: FailureKind, limits: ReadLimits, detail: str = "") -> ReadingFailed:
    """The failure, saying which limit it was and what to do next."""
    reasons = {
        FailureKind.TIME: f"reading it takes longer than {limits.seconds:g} s; "
        "split the file, or raise ingest.read_seconds in runbook.toml",
        FailureKind.MEMORY: f"reading it needs more than {limits.memory_mib} MiB of memory; "
        "split the file, or raise ingest.read_memory_mib in runbook.toml",
        FailureKind.OUTPUT: f"it unpacks to more than {limits.output_mib} MiB of text; "
        "split the file",
        FailureKind.CRASH: f"the process that read it ended unexpectedly ({detail}); "
        "repair the file, or exclude it in .runbookignore",
    }
    return ReadingFailed(kind, reasons[kind])
