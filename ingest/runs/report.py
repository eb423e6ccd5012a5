"""What an ingest did, and how it tells of its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ingest.reading.scan import Suspicious
from rag.domain.index import Quarantined


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Counts of documents, and the chunks that the index serves afterwards.

    `unsettled` names by source and path what was being written just then: its last good version
    serves on. `unreachable` says which sources are not there or could not be fetched, and why.
    `suspicious` is what speaks to a model in the files that this run has read.
    """

    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    quarantined: tuple[Quarantined, ...] = ()
    chunks: int = 0
    seconds: float = 0.0
    generation: int = 0
    unreadable: int = 0
    unsettled: tuple[tuple[str, str], ...] = ()
    unreachable: tuple[str, ...] = ()
    suspicious: tuple[Suspicious, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The document that `runbook ingest --json` prints."""
        return {
            "added": self.added,
            "updated": self.updated,
            "deleted": self.deleted,
            "unchanged": self.unchanged,
            "quarantined": [
                {
                    "source": item.source,
                    "path": item.path,
                    "line": item.line,
                    "reason": item.reason,
                }
                for item in self.quarantined
            ],
            "chunks": self.chunks,
            "seconds": self.seconds,
            "generation": self.generation,
            "unreadable": self.unreadable,
            "unsettled": len(self.unsettled),
            "unreachable": list(self.unreachable),
            "suspicious": [
                {
                    "source": item.source,
                    "path": item.path,
                    "line": item.line,
                    "reason": item.reason,
                }
                for item in self.suspicious
            ],
        }


class Progress(Protocol):
    """Told how far a run has come; it may raise Cancelled to end it."""

    def found(self, documents: int) -> None:
        """So many more files are to be looked at."""
        ...

    def done(self, documents: int, chunks: int) -> None:
        """So many more files are finished, and so many chunks embedded."""
        ...


class Silent:
    """Progress that nobody watches."""

    def found(self, documents: int) -> None: ...

    def done(self, documents: int, chunks: int) -> None: ...
