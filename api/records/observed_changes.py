"""Forwards changes of documents to the audit log, and the time that each took to be served."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from api.records.audit import AuditLog


class ObservedChanges:
    """The observer of an index that this process writes to."""

    def __init__(self, audit: AuditLog, on_document_served: Callable[[timedelta], None]) -> None:
        self._audit = audit
        self._on_document_served = on_document_served

    def document_changed(
        self,
        source: str,
        document_id: str,
        before: frozenset[str] | None,
        after: frozenset[str] | None,
        updated_at: datetime | None = None,
    ) -> None:
        """`updated_at` is given for a new version of the document."""
        self._audit.document_changed(source, document_id, before, after)
        if updated_at is not None and after is not None:
            self._on_document_served(datetime.now(UTC) - updated_at)
