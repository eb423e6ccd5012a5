"""Jobs: work on the index that any process may queue and that the index's owner performs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobKind(StrEnum):
    """What a job does."""

    REINDEX = "reindex"
    BUILD = "build"
    PROMOTE = "promote"
    VERIFY = "verify"
    REPAIR = "repair"


class JobState(StrEnum):
    """How far a job has come."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A queued, running or finished job. `error` is the name of an error class, `reason` its text.

    `scope` and `reason` may contain paths: show them only to the caller who queued the job and to
    administrators. `found` and `done` count documents. Times are aware (UTC).
    """

    id: str
    kind: JobKind
    scope: Mapping[str, Any]
    state: JobState
    asked_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelling: bool
    found: int
    done: int
    chunks: int
    result: Mapping[str, Any] | None
    error: str | None
    reason: str | None

    @property
    def is_open(self) -> bool:
        """Whether it is queued or running."""
        return self.state in OPEN_STATES
