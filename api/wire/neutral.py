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
    told = _passage(to_wire(hit), hit.chunk)
    return {**told, "document": _titled(told["document"])}


def neutral_document(
    document: Document, freshness: Freshness, chunks: Sequence[Chunk]
) -> JsonObject:
    """A document and its chunks in the same way."""
    told = document_with_chunks(document, freshness, chunks)
    return {
        "document": _titled(told["document"]),
        "chunks": [_passage(one, chunk) for one, chunk in zip(told["chunks"], chunks, strict=True)],
    }


def _passage(told: JsonObject, chunk: Chunk) -> JsonObject:
    return {
        **told,
        "text": neutralised(BlockText(chunk.text, chunk.blocks)).text,
        "section": [one_line(title) for title in told["section"]],
        "commands": [{**one, "text": redacted(one["text"])} for one in told["commands"]],
    }


def _titled(document: JsonObject) -> JsonObject:
    return {**document, "title": one_line(document["title"])}
