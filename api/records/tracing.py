"""OpenTelemetry spans of requests, searches, answers and model calls, sent over OTLP.

They carry names, counts and times: no question, no text, no path, no user, and there is no switch
that would add them. The tracer is this object's own; nothing is registered globally, so that no
library starts to report what it is given.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from rag.domain.search import Mode
from rag.ports import AnswerOutcome, ModelCall, Stage

_NANOSECONDS = 1_000_000_000
_SERVER_ERROR = 500


class Tracing:
    """Makes a span of every event; `close` sends the last ones.

    Events within `request` become children of that request's span.
    """

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], timeout_seconds: float, system: str
    ) -> None:
        """`system` names who runs the language model, in OpenTelemetry's words."""
        self._system = system
        names = {"service.name": "runbook-search", "service.version": version("runbook-search")}
        self._provider = TracerProvider(resource=Resource(names), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces", headers=headers, timeout=timeout_seconds
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("runbook-search")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """The span of one HTTP request, part of the caller's trace where it names one."""
        with self._tracer.start_as_current_span(
            method,
            context=self._propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,  # an exception's message may quote a document
            set_status_on_exception=False,
        ) as span:
            yield span

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None:
        started = time.time() - seconds
        search = self._past(
            "search",
            started,
            seconds,
            {
                "gen_ai.operation.name": "retrieval",
                "runbook.search.mode": mode.value,
                "runbook.search.no_result": no_result,
            },
        )
        for one in stages:
            self._past(one.name, started + one.offset, one.seconds, {}, parent=search)

    def refused(self, count: int) -> None:
        self._past("access refused", time.time(), 0, {"runbook.refused_pages": count})

    def model_called(self, call: ModelCall) -> None:
        self._past(
            f"chat {call.model}",
            call.started,
            call.seconds,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.system": self._system,
                "gen_ai.provider.name": self._system,
                "gen_ai.request.model": call.model,
                "gen_ai.usage.input_tokens": call.usage.tokens_in,
                "gen_ai.usage.output_tokens": call.usage.tokens_out,
            },
            kind=SpanKind.CLIENT,
            failed=call.failed,
        )

    def answer_given(self, outcome: AnswerOutcome) -> None:
        answer = self._past(
            "ask",
            outcome.started,
            outcome.seconds,
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.response.model": outcome.model,
                "gen_ai.prompt.name": outcome.prompt,
                "runbook.prompt.hash": outcome.prompt_hash,
                "runbook.answer.abstained": outcome.abstained,
                "runbook.answer.fell_back": outcome.fell_back,
                "runbook.answer.passages": outcome.passages,
                "runbook.answer.citations": outcome.citations,
                "runbook.answer.unsupported": outcome.unsupported,
                "runbook.answer.struck": outcome.struck,
            },
        )
        for one in outcome.stages:
            self._past(one.name, outcome.started + one.offset, one.seconds, {}, parent=answer)

    def close(self) -> None:
        self._provider.shutdown()

    def _past(
        self,
        name: str,
        started: float,
        seconds: float,
        attributes: Mapping[str, AttributeValue],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        failed: bool = False,
        parent: Span | None = None,
    ) -> Span:
        """A span of what has just ended; without `parent` a child of the current span."""
        begin = int(started * _NANOSECONDS)
        span = self._tracer.start_span(
            name,
            context=None if parent is None else set_span_in_context(parent),
            kind=kind,
            start_time=begin,
            attributes=attributes,
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=begin + int(seconds * _NANOSECONDS))
        return span


def answered(span: Span, method: str, route: str, status: int, request_id: str) -> None:
    """Name a request's span after its route template, and say how it went."""
    span.update_name(f"{method} {route}")
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("runbook.request_id", request_id)
    if status >= _SERVER_ERROR:
        span.set_status(Status(StatusCode.ERROR))
