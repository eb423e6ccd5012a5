"""The message about a group of alerts, for Slack or as JSON; nothing of it is markup but ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from api.slack.mrkdwn import escaped, linked, plain
from api.wire.alerts import group_to_wire
from api.wire.hits import JsonObject
from rag.alerts.group_changes import GroupChange
from rag.alerts.storms import AlertGroup
from rag.domain.search import Hit
from rag.guardrails.neutralising import one_line

_MAX_LISTED = 5
_MAX_NAME_CHARS = 80
_MAX_COMMAND_CHARS = 300
_HEADINGS = {
    GroupChange.FIRING: "Firing",
    GroupChange.NEW_SERVICE: "Another service",
    GroupChange.NEW_ALERT: "Another alert",
    GroupChange.RESOLVED: "Resolved",
}


def json_message(receiver: str, group: AlertGroup, change: GroupChange, message_id: str) -> bytes:
    """The group as `POST /v1/alerts` shows it, with documents by name and without their text."""
    body = {
        "version": 1,
        "id": message_id,
        "receiver": receiver,
        "change": change.value,
        "group": {
            **group_to_wire(group),
            "runbooks": [_document(hit) for hit in group.match.hits],
        },
    }
    return json.dumps(body).encode()


def slack_message(group: AlertGroup, change: GroupChange) -> bytes:
    """A few lines, which link no preview and mention nobody."""
    body = {"text": "\n".join(_lines(group, change)), "unfurl_links": False, "unfurl_media": False}
    return json.dumps(body).encode()


def _lines(group: AlertGroup, change: GroupChange) -> Iterator[str]:
    started = group.span[0]
    since = f" since {started:%Y-%m-%d %H:%M:%S} UTC" if started else ""
    counts = f"{len(group.alerts):,} alerts, {group.firing:,} firing{since}"
    yield f"*{_HEADINGS[change]}: {_counted(group.names) or 'alerts without a name'}*"
    yield counts
    if group.services:
        yield f"Services: {_counted(group.services)}"
    hits = group.match.hits
    if not hits:
        yield "No runbook was found."
        return
    best = hits[0]
    place = escaped(f"{best.document.path}:{best.chunk.lines.first}")
    link = linked(one_line(best.document.metadata.title), best.url or best.document.metadata.url)
    yield f"Runbook: {link} `{place.replace('`', '')}`"
    if group.match.ambiguous:
        yield "Other documents claim these alerts equally: see the service."
    check = group.first_check
    if check and "`" not in check.text and len(check.text) <= _MAX_COMMAND_CHARS:
        yield f"First check: `{escaped(one_line(check.text))}`"


def _counted(found: Mapping[str, int]) -> str:
    shown = [
        f"{plain(one_line(name)[:_MAX_NAME_CHARS])} ({count:,})"
        for name, count in list(found.items())[:_MAX_LISTED]
        if name
    ]
    rest = len(found) - _MAX_LISTED
    return ", ".join([*shown, *([f"{rest} more"] if rest > 0 else [])])


def _document(hit: Hit) -> JsonObject:
    return {
        "title": hit.document.metadata.title,
        "source": hit.document.source,
        "path": hit.document.path,
        "section": list(hit.chunk.section),
        "line": hit.chunk.lines.first,
        "url": hit.url or hit.document.metadata.url,
    }
