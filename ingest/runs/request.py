"""What one ingest run covers, and how it treats files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.runs.report import Progress, Silent
from ingest.sources.source import Source

_BATCH_CHUNKS = 256


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """One run over `sources`.

    `configured` are the names of all sources in the settings; `complete` says that the run covers
    every one of them, so that a source that was removed from the settings is forgotten. `prune`
    deletes documents whose files are gone; `full` indexes unchanged files again. A file that was
    written to less than `settle` seconds ago is left for a later run. `pull` fetches git sources
    first; one that was never fetched always is. A batch is committed once it has `batch_chunks`.
    """

    sources: Sequence[Source]
    configured: frozenset[str] = frozenset()
    complete: bool = False
    prune: bool = True
    full: bool = False
    settle: float = 0.0
    pull: bool = False
    batch_chunks: int = _BATCH_CHUNKS
    progress: Progress = field(default_factory=Silent)
