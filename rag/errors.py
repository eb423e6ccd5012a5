"""The error tree, drawn once.

Every message says what was wrong, where, and what to do next.

    RunbookError
    ├── ConfigurationError      wrong usage or configuration           (exit 2)
    ├── QuarantineError         one file cannot be indexed as it stands (exit 3)
    ├── InvalidTag              not an ACL tag
    ├── InvalidPayload          data that was sent is not in a form that is read
    ├── IndexBusy               another process owns the index
    ├── IndexMissing            nothing has been indexed yet
    ├── GenerationMismatch      the index was built with other settings
    ├── ModelError              a model cannot be loaded or run
    ├── StoreError              a store failed
    ├── WorkerError             a process that reads documents cannot be started
    ├── AuthenticationError     no principal could be established
    ├── PermissionDenied        the principal lacks a right
    ├── GateFailed              what is to be let through does not pass  (exit 4)
    ├── Cancelled               a run was asked to end before its end
    ├── TooManyRequests         the caller asks more than it may; try again later
    ├── DeliveryError           an answer could not be brought to who asked
    ├── ServiceNotStarted       the HTTP service cannot begin to serve
    └── NotFound                not there, or not the caller's
"""

from __future__ import annotations

__all__ = [
    "AuthenticationError",
    "Cancelled",
    "ConfigurationError",
    "DeliveryError",
    "GateFailed",
    "GenerationMismatch",
    "IndexBusy",
    "IndexMissing",
    "InvalidPayload",
    "InvalidTag",
    "ModelError",
    "NotFound",
    "PermissionDenied",
    "QuarantineError",
    "RunbookError",
    "ServiceNotStarted",
    "StoreError",
    "TooManyRequests",
    "WorkerError",
]


class RunbookError(Exception):
    """Anything this project raises on purpose."""


class ConfigurationError(RunbookError):
    """Wrong usage or configuration; the operator can mend it."""


class QuarantineError(RunbookError):
    """One file cannot be indexed as it stands; `line` counts from 1, None for the whole file."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class InvalidTag(RunbookError):
    """A string that is not an ACL tag."""


class InvalidPayload(RunbookError):
    """Data that was sent cannot be read: `field` is its path, such as `alerts.3.labels`."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class IndexBusy(RunbookError):
    """Another process owns the index."""


class IndexMissing(RunbookError):
    """Nothing has been indexed yet."""


class GenerationMismatch(RunbookError):
    """The serving generation was built with another model or chunker than configured."""


class ModelError(RunbookError):
    """A model cannot be loaded, verified or run."""


class StoreError(RunbookError):
    """The catalog or the vector store failed."""


class WorkerError(RunbookError):
    """A process that reads documents cannot be started."""


class AuthenticationError(RunbookError):
    """No principal could be established from what the caller presented."""


class PermissionDenied(RunbookError):
    """The principal is known and lacks the right that it asks to use."""


class GateFailed(RunbookError):
    """A gate did not let something through."""


class Cancelled(RunbookError):
    """A run was asked to end early; what it had committed stays."""


class TooManyRequests(RunbookError):
    """The caller asks more than it may; `retry_after` is in whole seconds, 1 at least."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class DeliveryError(RunbookError):
    """An answer could not be brought to who asked for it."""


class ServiceNotStarted(RunbookError):
    """The HTTP service cannot begin to serve: its address cannot be had, or its start failed."""


class NotFound(RunbookError):
    """Absent, or not the caller's to read: the two look the same to callers."""
