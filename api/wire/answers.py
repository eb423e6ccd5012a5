"""The JSON of answers, for every door."""

from __future__ import annotations

from api.wire.hits import JsonObject, reference_to_wire, to_wire
from rag.domain.answers import Answer, Citation


def answer_to_wire(answer: Answer, request_id: str) -> JsonObject:
    """The body of `POST /v1/ask`."""
    return {
        "answer": answer.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence.value,
        "document": reference_to_wire(answer.document) if answer.document else None,
        "citations": [citation_to_wire(citation) for citation in answer.citations],
        "model": answer.model,
        "prompt": answer.prompt,
        "prompt_hash": answer.prompt_hash,
        "usage": {
            "tokens_in": answer.usage.tokens_in,
            "tokens_out": answer.usage.tokens_out,
        },
        "notices": list(answer.notices),
        "request_id": request_id,
    }


def citation_to_wire(citation: Citation) -> JsonObject:
    """One marker, the hit that it points to, and whether what cites it was found there."""
    return {
        "marker": citation.marker,
        "hit": to_wire(citation.hit),
        "supported": citation.supported,
    }
