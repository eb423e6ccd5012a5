"""The audit log: who was given what, as JSON lines. It holds ids and never a document's text.

    services.audit.searched(by, question, hits)        a search, whatever the door
    services.audit.asked(by, question, hits)           an answer made from these hits
    services.audit.read(by, documents)                 documents listed or read, with chunk ids

`by` says who asked, through which door, under which request id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from api.records.audit_file import AuditFile
from api.records.secret_file import secret_of
from rag.domain.access import Principal
from rag.domain.search import Hit
from rag.guardrails.redaction import redacted


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, through which door (`POST /v1/search`, `mcp search_runbooks`), in which request."""

    principal: Principal
    door: str
    request_id: str


class Lines(Protocol):
    """Where lines go."""

    def write(self, line: str) -> None: ...


class NoLines:
    """Keeps nothing, where the audit log is switched off."""

    def write(self, line: str) -> None: ...


class AuditLog:
    """One method for each kind of event. None of them fails: who asks is answered all the same."""

    def __init__(self, lines: Lines, query_key: bytes | None = None) -> None:
        """With `query_key` a question is written as its HMAC-SHA256 under it."""
        self._lines = lines
        self._query_key = query_key

    def searched(self, by: By, question: str, hits: Sequence[Hit]) -> None:
        self._returned("search", by, question, hits)

    def asked(self, by: By, question: str, hits: Sequence[Hit]) -> None:
        self._returned("ask", by, question, hits)

    def read(self, by: By, documents: Mapping[str, Iterable[str]]) -> None:
        """Documents by id, with the ids of the chunks that went out: none in a listing."""
        self._event("read", by, documents=_documents(documents))

    def acted(self, by: By, what: str) -> None:
        """Something was started or changed by one who may: a reindex, a feedback."""
        self._event("action", by, what=what)

    def denied(self, by: By) -> None:
        """A known caller asked for what its rights do not cover."""
        self._event("denied", by)

    def refused(self, door: str, request_id: str, peer: str | None) -> None:
        """A request whose caller could not be established; what it showed is not written."""
        self._write("refused", door=door, request_id=request_id, peer=peer)

    def key_changed(self, change: str, key_id: str, **about: Any) -> None:
        """A key was `created` or `revoked` from the command line."""
        self._write("key", change=change, key=key_id, **about)

    def document_changed(
        self,
        source: str,
        document_id: str,
        before: frozenset[str] | None,
        after: frozenset[str] | None,
    ) -> None:
        """A document was added, updated or deleted; with its ACL tags before and after."""
        change = "added" if before is None else "deleted" if after is None else "updated"
        self._write(
            "document",
            change=change,
            source=source,
            document=document_id,
            acl_before=None if before is None else sorted(before),
            acl_after=None if after is None else sorted(after),
        )

    def _returned(self, event: str, by: By, question: str, hits: Sequence[Hit]) -> None:
        given: dict[str, list[str]] = {}
        for hit in hits:
            given.setdefault(hit.document.id, []).append(hit.chunk.id)
        self._event(event, by, **self._query(question), documents=_documents(given))

    def _query(self, question: str) -> dict[str, str]:
        if self._query_key is None:
            return {"query": redacted(question)}
        hashed = hmac.new(self._query_key, question.encode("utf-8", "replace"), hashlib.sha256)
        return {"query_hash": hashed.hexdigest()}

    def _event(self, event: str, by: By, **about: Any) -> None:
        self._write(
            event, principal=by.principal.name, door=by.door, request_id=by.request_id, **about
        )

    def _write(self, event: str, **about: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._lines.write(json.dumps({"time": now, "event": event, **about}))


def _documents(given: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    return [{"id": document, "chunks": list(chunks)} for document, chunks in given.items()]


def open_audit(
    folder: Path,
    path: Path,
    *,
    max_bytes: int,
    files: int,
    hash_queries: bool,
    failed: Callable[[], None],
) -> AuditLog:
    """The audit log at `path` below `folder`, shared with other processes; `failed` is called for
    every line that could not be written."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = AuditFile(folder / path, max_bytes, files, failed)
    # A key of this index alone: without it no hash can be guessed.
    return AuditLog(lines, secret_of(folder / "audit.key") if hash_queries else None)
