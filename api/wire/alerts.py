"""The JSON of alert groups and of quoted commands, for every interface."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from api.wire.hits import JsonObject, to_wire
from rag.alerts.runbook_commands import Quoted
from rag.alerts.storms import AlertGroup
from rag.alerts.triage import Triage

_MAX_LISTED = 20


def triage_to_wire(triage: Triage, request_id: str) -> JsonObject:
    """The body of an answer about alerts. Feedback on a group names the group's `request_id`."""
    return {
        "groups": [
            {**group_to_wire(group), "request_id": group_request_id(request_id, number)}
            for number, group in enumerate(triage.groups)
        ],
        "unsearched": triage.unsearched,
        "request_id": request_id,
    }


def group_request_id(request_id: str, number: int) -> str:
    """Under which a group is remembered, so that feedback can be about it."""
    return f"{request_id}.{number}"


def group_to_wire(group: AlertGroup) -> JsonObject:
    """One group; names and services are the 20 most frequent."""
    match, (first, last) = group.match, group.span
    return {
        "key": group.key,
        "alerts": len(group.alerts),
        "firing": group.firing,
        "problems": group.problems,
        "status": "firing" if group.firing else "resolved",
        "matched_by": match.matched_by.value if match.matched_by else None,
        "claimed_by": match.claimed_by.value if match.claimed_by else None,
        "ambiguous": match.ambiguous,
        "names": _counts(group.names),
        "services": _counts(group.services),
        "first_started_at": instant(first),
        "last_started_at": instant(last),
        "first_check": quoted_to_wire(group.first_check) if group.first_check else None,
        "runbooks": [to_wire(hit) for hit in match.hits],
    }


def quoted_to_wire(quoted: Quoted) -> JsonObject:
    """A command or a sentence of a document, with the place that it is quoted from."""
    return {
        "command": quoted.text,
        "risk": quoted.risk.value if quoted.risk else None,
        "citation": {
            "document_id": quoted.document.id,
            "source": quoted.document.source,
            "path": quoted.document.path,
            "chunk_id": quoted.chunk.id,
            "section": list(quoted.chunk.section),
            "line": quoted.line,
        },
    }


def instant(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z, to the second; None for None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _counts(found: Mapping[str, int]) -> list[JsonObject]:
    return [{"name": name, "alerts": count} for name, count in list(found.items())[:_MAX_LISTED]]
