"""The index as a whole: its sources, the versions that it serves, and its counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from rag.domain.documents import AclOrigin, FreshnessStatus
from rag.domain.jobs import JobState


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """How a run of one source ended: counts of documents, and why it could not be reached if so."""

    at: datetime
    added: int
    updated: int
    deleted: int
    unchanged: int
    quarantined: int
    unreachable: str | None = None


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source that was ingested; `configured` is False for a path given on a command line."""

    name: str
    root: str
    configured: bool
    last_run: SourceOutcome | None = None


@dataclass(frozen=True, slots=True)
class ActiveVersion:
    """The version of a document that is served, to compare a file with.

    `updated` is a Unix time in seconds.
    """

    version: int
    document_id: str
    path: str
    content_hash: str
    revision: str
    updated: int
    acl: frozenset[str]
    acl_origin: AclOrigin
    acl_narrowed: bool


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that cannot be indexed: where, and why. `line` counts from 1."""

    source: str
    path: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class FileNote:
    """What was dropped of a file's metadata, or read in another way than it is written.

    `line` counts from 1.
    """

    source: str
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """Counts of what is served, and of the jobs in the queue and its history.

    `last_failure` is the reason why the last run failed, for administrators; None if it succeeded.
    """

    generation: int
    documents: int
    chunks: int
    quarantined: int
    last_success: datetime | None
    last_failure: str | None = None
    freshness: dict[FreshnessStatus, int] = field(default_factory=dict)
    jobs: dict[JobState, int] = field(default_factory=dict)
