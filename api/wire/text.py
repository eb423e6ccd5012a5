"""Hits and documents as text for a model to read: where each passage stands, how old, how risky.

The words of documents are neutralised: what only a model would see or obey is not in them. Each of
their lines has a bar before it, so that no line of a document reads as one of the program's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.domain.documents import Chunk, Command, Document, Freshness, FreshnessStatus
from rag.domain.search import Hit
from rag.guardrails.neutralising import neutralised, one_line
from rag.guardrails.redaction import redacted
from rag.text.blocks import BlockText

NOTHING_FOUND = "Nothing found among the pages that you may read."


def hits_as_text(hits: Sequence[Hit], introduction: str) -> str:
    """The hits, best first, behind what is to be said of them all."""
    if not hits:
        return NOTHING_FOUND
    parts = [_hit(hit) for hit in hits]
    return "\n\n".join([introduction, *parts] if introduction else parts)


def document_as_text(
    document: Document, freshness: Freshness, chunks: Sequence[Chunk], following: int | None
) -> str:
    """A document, or a part of it, with the commands of each passage."""
    head = [
        one_line(document.metadata.title),
        " · ".join(_about(document, freshness)),
    ]
    parts = ["\n".join(head), *(_passage(document, chunk) for chunk in chunks)]
    if following is not None:
        parts.append(f"The document goes on: call again with start {following}.")
    return "\n\n".join(parts)


def freshness_as_text(freshness: Freshness) -> str:
    """Such as `stale, reviewed 203 days ago`."""
    if freshness.status is FreshnessStatus.UNKNOWN:
        return f"never reviewed, updated {freshness.age_days} days ago"
    return f"{freshness.status.value}, reviewed {freshness.age_days} days ago"


def _hit(hit: Hit) -> str:
    successors = ", ".join(map(one_line, hit.superseded_by))
    superseded = [f"superseded by {successors}"] if successors else []
    copies = ", ".join(map(one_line, hit.siblings))
    siblings = [f"also: {copies}"] if copies else []
    about = [*superseded, *_about(hit.document, hit.freshness, hit.url), *siblings]
    title = f"{hit.rank}. {one_line(hit.document.metadata.title)}"
    return "\n".join([title, " · ".join(about), _passage(hit.document, hit.chunk)])


def _about(document: Document, freshness: Freshness, section_url: str | None = None) -> list[str]:
    owner = [f"owner {one_line(document.metadata.owner)}"] if document.metadata.owner else []
    address = section_url or document.metadata.url
    url = [address] if address else []
    kind = document.metadata.kind.value
    return [kind, freshness_as_text(freshness), *owner, f"document id {document.id}", *url]


def _passage(document: Document, chunk: Chunk) -> str:
    where = f"{one_line(document.path)}:{chunk.lines.first}-{chunk.lines.last}"
    section = " > ".join(map(one_line, chunk.section))
    head = f"{where} ({section})" if section else where
    lines = [f"| {line}" for line in _neutral_text(chunk).split("\n")]
    return "\n".join([f"--- {head}", *lines, *_commands(chunk.commands)])


def _neutral_text(chunk: Chunk) -> str:
    return neutralised(BlockText(chunk.text, chunk.blocks)).text


def _commands(commands: Iterable[Command]) -> list[str]:
    lines = [
        f"- line {command.line} [{command.risk.value}] {redacted(_first_line(command))}"
        for command in commands
        if command.text
    ]
    return ["Commands and what each would do:", *lines] if lines else []


def _first_line(command: Command) -> str:
    return command.text.partition("\n")[0]
