"""What the owner of an index and its workers send each other over their pipes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.alerts.alert import Alert
from rag.domain.access import Principal
from rag.errors import RunbookError


@dataclass(frozen=True, slots=True)
class IndexOpened:
    """Owner to workers: the index is repaired and can be served, unless there is an `error`."""

    error: RunbookError | None = None


@dataclass(frozen=True, slots=True)
class AllWarm:
    """Owner to workers: every worker that was started with the service answers quickly."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Owner to workers: end as a server does after SIGTERM, or at once as after SIGINT."""

    drains: bool


@dataclass(frozen=True, slots=True)
class Warmed:
    """Worker to owner: it has opened what it answers with, or cannot."""


@dataclass(frozen=True, slots=True)
class JobQueued:
    """Worker to owner: there may be a new job in the catalog."""


@dataclass(frozen=True, slots=True)
class AlertsReceived:
    """Worker to owner: alerts of a caller, for the receivers of notifications."""

    sender: Principal
    alerts: Sequence[Alert]


FromOwner = IndexOpened | AllWarm | Stop
FromWorker = Warmed | JobQueued | AlertsReceived


def portable(error: Exception) -> RunbookError:
    """The error without its cause, as another process can read it.

    Of an error that is not the project's own, the name alone: its message may quote anything.
    """
    if not isinstance(error, RunbookError):
        return RunbookError(type(error).__name__)
    plain = type(error).__init__ is RunbookError.__init__
    return type(error)(str(error)) if plain else RunbookError(str(error))
