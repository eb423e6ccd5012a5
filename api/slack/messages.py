"""An answer as Slack shows it: for the one who asked alone, with nothing that Slack would obey."""

from __future__ import annotations

from collections.abc import Sequence

from api.slack.mrkdwn import escaped, linked, mrkdwn
from api.wire.text import freshness_as_text
from rag.domain.answers import Answer, Citation

Message = dict[str, object]

# Slack cuts a message off near 4,000 characters; sources must not be what is lost.
_MAX_TEXT = 3000
_MAX_SOURCES = 6

USAGE = "Ask a question: `/runbook checkout returns 5xx, what now?`"
NOBODY = (
    "You have no group here, so that you may read nothing. An administrator gives groups to your "
    "team, channel or user in `slack.groups`."
)
BUSY = "Too many questions at once; ask again in a moment."
WORKING = "Looking …"
FAILED = "That did not work; the server's log says why."


def private(text: str) -> Message:
    """A message that its asker alone sees, with links that Slack does not unfurl."""
    return {"response_type": "ephemeral", "text": text, "unfurl_links": False}


def answer_message(answer: Answer) -> Message:
    """The answer with its sources below."""
    text = mrkdwn(answer.text)
    if len(text) > _MAX_TEXT:
        text = f"{text[:_MAX_TEXT].rstrip()} …"
        if text.count("```") % 2:
            text += "\n```"
    parts = [text, *_sources(answer.citations)]
    return private("\n".join(parts))


def _sources(citations: Sequence[Citation]) -> list[str]:
    return [_source(citation) for citation in citations[:_MAX_SOURCES]]


def _source(citation: Citation) -> str:
    document, chunk = citation.hit.document, citation.hit.chunk
    title = linked(document.metadata.title, citation.hit.url or document.metadata.url)
    where = escaped(f"{document.path}:{chunk.lines.first}-{chunk.lines.last}")
    doubt = "" if citation.supported else " · _not confirmed by this page_"
    freshness = freshness_as_text(citation.hit.freshness)
    return f"[{citation.marker}] {title} `{where}` · {freshness}{doubt}"
