"""Answers in OpenAI's shapes: a completion, or the chunks of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from api.http.sources_markdown import sources
from api.wire.answers import citation_to_wire
from api.wire.hits import JsonObject
from rag.domain.answers import Answer, Answered, AnswerEvent, TextPart, Usage

MODEL = "runbook-search"
DONE = "data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Completion:
    """What every part of one answer says of itself. `created` is a Unix time in seconds."""

    request_id: str
    created: int
    base: str

    def whole(self, answer: Answer) -> JsonObject:
        """The body of an answer at once."""
        message = {
            "role": "assistant",
            "content": answer.text + sources(answer.citations, self.base),
            "refusal": None,
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": _usage(answer.usage),
            **self._evidence(answer),
        }

    def chunks(self, events: Iterator[AnswerEvent], *, include_usage: bool) -> Iterator[str]:
        """A stream of server-sent events; the evidence comes with the last word."""
        yield self._chunk({"role": "assistant", "content": ""})
        for event in events:
            if isinstance(event, TextPart):
                yield self._chunk({"content": event.text})
            elif isinstance(event, Answered):
                yield from self._end(event.answer, include_usage)
        yield DONE

    def _end(self, answer: Answer, include_usage: bool) -> Iterator[str]:
        if listed := sources(answer.citations, self.base):
            yield self._chunk({"content": listed})
        yield self._chunk({}, "stop", self._evidence(answer))
        if include_usage:
            head = self._head("chat.completion.chunk")
            yield _event({**head, "choices": [], "usage": _usage(answer.usage)})

    def _chunk(
        self, delta: JsonObject, finish: str | None = None, more: JsonObject | None = None
    ) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = self._head("chat.completion.chunk")
        return _event({**head, "choices": [choice], **(more or {})})

    def _head(self, kind: str) -> JsonObject:
        return {
            "id": f"chatcmpl-{self.request_id}",
            "object": kind,
            "created": self.created,
            "model": MODEL,
        }

    def _evidence(self, answer: Answer) -> JsonObject:
        """Fields that OpenAI's format does not have."""
        return {
            "citations": [citation_to_wire(citation) for citation in answer.citations],
            "abstained": answer.abstained,
            "notices": list(answer.notices),
            "prompt": answer.prompt,
            "answered_by": answer.model,
            "request_id": self.request_id,
        }


def failure(message: str, code: str) -> str:
    """An error in the middle of a stream, when it is too late for a status."""
    return _event({"error": {"message": message, "type": "server_error", "code": code}})


def _usage(usage: Usage) -> JsonObject:
    return {
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
    }


def _event(data: JsonObject) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
