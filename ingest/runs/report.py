"""The report of an ingest run, and its progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ingest.reading.scan import Suspicious
from ingest.reading.secrets import FoundSecret
from rag.domain.index import FileNote, Quarantined, SourceOutcome
from rag.indexing.ports import GenerationWriter


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Counts of documents, and the chunks that the index serves afterwards.

    `unsettled` names by source and path what was being written just then: its last good version
    serves on. `unreachable` says which sources are not there or could not be fetched, and why.
    `suspicious` lists text that addresses a model in the files that this run has read, `notes`
    what of their metadata was dropped, and `secrets` what was taken out of them before they were
    stored. `empty` are the folders and files of the run in which there is no document, and
    `skipped` counts files of formats that are not read, by suffix. `seconds` is the time of the
    whole run, fetching included.
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
    empty: tuple[str, ...] = ()
    notes: tuple[FileNote, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    secrets: tuple[FoundSecret, ...] = ()

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
            "notes": [
                {"source": item.source, "path": item.path, "line": item.line, "note": item.text}
                for item in self.notes
            ],
            "skipped": dict(sorted(self.skipped.items())),
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
            "secrets": [
                {"source": item.source, "path": item.path, "line": item.line, "kind": item.kind}
                for item in self.secrets
            ],
        }


@dataclass(slots=True)
class Outcome:
    """What happened to one source: counts of documents, and the quarantined files by path.

    `unsettled` are pairs of source and path. `empty` is where no document was found.
    """

    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    unsettled: list[tuple[str, str]] = field(default_factory=list)
    unreachable: str | None = None
    empty: str | None = None
    suspicious: list[Suspicious] = field(default_factory=list)
    notes: list[FileNote] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    secrets: list[FoundSecret] = field(default_factory=list)

    def summary(self, at: datetime) -> SourceOutcome:
        """What is kept of it until the source's next run."""
        return SourceOutcome(
            at=at,
            added=self.added,
            updated=self.updated,
            deleted=self.deleted,
            unchanged=self.unchanged,
            quarantined=len(self.quarantined),
            unreachable=self.unreachable,
        )


def report_of(
    outcomes: Sequence[Outcome], catalog: GenerationWriter, seconds: float
) -> IngestReport:
    """The sum over all sources, with what the generation holds afterwards."""
    return IngestReport(
        added=sum(outcome.added for outcome in outcomes),
        updated=sum(outcome.updated for outcome in outcomes),
        deleted=sum(outcome.deleted for outcome in outcomes),
        unchanged=sum(outcome.unchanged for outcome in outcomes),
        quarantined=tuple(item for outcome in outcomes for item in outcome.quarantined.values()),
        chunks=catalog.active_chunk_count(),
        seconds=seconds,
        generation=catalog.generation.id,
        unreadable=catalog.unreadable_count(),
        suspicious=tuple(item for outcome in outcomes for item in outcome.suspicious),
        secrets=tuple(item for outcome in outcomes for item in outcome.secrets),
        unreachable=tuple(one.unreachable for one in outcomes if one.unreachable),
        empty=tuple(one.empty for one in outcomes if one.empty),
        unsettled=tuple(item for outcome in outcomes for item in outcome.unsettled),
        notes=tuple(item for outcome in outcomes for item in outcome.notes),
        skipped=sum((outcome.skipped for outcome in outcomes), Counter()),
    )


class Progress(Protocol):
    """Receives how far a run has come; it may raise Cancelled to end the run."""

    def found(self, documents: int) -> None:
        """So many more files will be looked at."""
        ...

    def done(self, documents: int, chunks: int) -> None:
        """So many more files are finished, and so many chunks embedded."""
        ...


class Silent:
    """Progress that is not shown."""

    def found(self, documents: int) -> None: ...

    def done(self, documents: int, chunks: int) -> None: ...
