"""The JSON of hits and documents as a model may read it: the words of pages are data, and no more.

Ids, lines and paths stay as they are everywhere, so that what a model cites can be opened.
"""

from __future__ import annotations

from collections.abc import Sequence

from api.wire.hits import JsonObject, document_with_chunks, to_wire
from rag.domain.documents import Chunk, Document, Freshness
from rag.domain.search import Hit
from rag.guardrails.neutralising import neutralised, one_line
from rag.guardrails.redaction import redacted
from rag.text.blocks import BlockText


def neutral_hit(hit: Hit) -> JsonObject:
    """A hit without what only a model would see or obey, and without secrets."""
    wire_hit = _passage(to_wire(hit), hit.chunk)
    return {**wire_hit, "document": _titled(wire_hit["document"])}


def neutral_document(
    document: Document, freshness: Freshness, chunks: Sequence[Chunk]
) -> JsonObject:
    """A document and its chunks in the same way."""
    shown = document_with_chunks(document, freshness, chunks)
    return {
        "document": _titled(shown["document"]),
        "chunks": [
            _passage(one, chunk) for one, chunk in zip(shown["chunks"], chunks, strict=True)
        ],
    }


def _passage(wire_hit: JsonObject, chunk: Chunk) -> JsonObject:
    return {
        **wire_hit,
        "text": neutralised(BlockText(chunk.text, chunk.blocks)).text,
        "section": [one_line(title) for title in wire_hit["section"]],
        "commands": [{**one, "text": redacted(one["text"])} for one in wire_hit["commands"]],
    }


def _titled(document: JsonObject) -> JsonObject:
    return {**document, "title": one_line(document["title"])}
