"""The JSON of hits and documents, for every door: plain values made from the domain's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rag.domain.documents import Chunk, Command, Document, Freshness
from rag.domain.search import Hit, SearchResult

JsonObject = dict[str, Any]


def answer(result: SearchResult, request_id: str, *, explain: bool = False) -> JsonObject:
    """The body of a search; with `explain` each hit says why it ranks where it does."""
    return {
        "hits": [
            {**to_wire(hit), **({"explanation": _explanation(hit)} if explain else {})}
            for hit in result.hits
        ],
        "took_ms": result.took_ms,
        "request_id": request_id,
        "no_result": result.no_result,
    }


def to_wire(hit: Hit) -> JsonObject:
    """One hit; its lines count from 1 in the file as it stood at the document's revision."""
    return {
        "rank": hit.rank,
        "chunk_id": hit.chunk.id,
        "document": reference_to_wire(hit.document),
        "section": list(hit.chunk.section),
        "lines": [hit.chunk.lines.first, hit.chunk.lines.last],
        "url": hit.url or hit.document.metadata.url,
        "text": hit.chunk.text,
        "score": hit.score,
        "confidence": hit.confidence.value,
        "scores": asdict(hit.scores),
        "freshness": _freshness(hit.freshness),
        "superseded_by": list(hit.superseded_by),
        "siblings": list(hit.siblings),
        "commands": [_command(command) for command in hit.chunk.commands],
    }


def _explanation(hit: Hit) -> JsonObject:
    explanation = hit.explanation
    return {
        "document_score": round(explanation.document_score, 6),
        "prior": round(explanation.prior, 6),
        "chunk_share": round(explanation.chunk_share, 6),
        "signals": [
            {
                "signal": signal.signal,
                "rank": signal.rank,
                "score": None if signal.raw is None else round(signal.raw, 6),
                "points": round(signal.points, 6),
            }
            for signal in explanation.contributions
        ],
        "probability": hit.probability,
        "evidence": {name: round(value, 4) for name, value in explanation.evidence.items()},
    }


def document_to_wire(document: Document, freshness: Freshness) -> JsonObject:
    """A document without its text. Its ACL tags stay inside: they name groups of others."""
    about = document.metadata
    return {
        **reference_to_wire(document),
        "severity": list(about.severity),
        "alerts": list(about.alerts),
        "tags": list(about.tags),
        "freshness": _freshness(freshness),
    }


def document_with_chunks(
    document: Document, freshness: Freshness, chunks: Sequence[Chunk]
) -> JsonObject:
    """The body of one document: what it says of itself, and its chunks in order."""
    return {
        "document": document_to_wire(document, freshness),
        "chunks": [_passage(chunk) for chunk in chunks],
    }


def reference_to_wire(document: Document) -> JsonObject:
    """What a hit says of its document."""
    about = document.metadata
    return {
        "id": document.id,
        "path": document.path,
        "source": document.source,
        "title": about.title,
        "kind": about.kind.value,
        "service": list(about.service),
        "owner": about.owner,
        "revision": document.revision,
        "url": about.url,
    }


def _passage(chunk: Chunk) -> JsonObject:
    return {
        "chunk_id": chunk.id,
        "section": list(chunk.section),
        "lines": [chunk.lines.first, chunk.lines.last],
        "text": chunk.text,
        "commands": [_command(command) for command in chunk.commands],
    }


def _command(command: Command) -> JsonObject:
    return {"line": command.line, "text": command.text, "risk": command.risk.value}


def _freshness(freshness: Freshness) -> JsonObject:
    reviewed = freshness.last_reviewed
    return {
        "status": freshness.status.value,
        "updated_at": _instant(freshness.updated_at),
        "last_reviewed": reviewed.isoformat() if reviewed else None,
        "age_days": freshness.age_days,
    }


def _instant(moment: datetime) -> str:
    """ISO 8601 in UTC with Z, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
