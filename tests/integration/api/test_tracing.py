"""Spans, as a real OTLP receiver on loopback reads them."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from api.compose.local import LOCAL_ADMINISTRATOR
from api.compose.reading import open_reading
from api.records.tracing import Tracing
from rag.domain.answers import Usage
from rag.domain.search import SearchQuery
from rag.ports import ModelCall
from tests.corpus import PAGES
from tests.hashing_cli import hashing_embedder
from tests.model_server import MODEL, USAGE, model_server
from tests.serving import service_over


class Receiver(ThreadingHTTPServer):
    """Keeps every span that is sent to it, with the headers that came along."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spans: list[Span] = []
        self.raw = b""
        self.headers: list[dict[str, str]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        found = ExportTraceServiceRequest.FromString(body)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.server.raw += body
        for resource in found.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def attributes(span: Span) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value")
        for one in span.attributes
    }


def named(receiver: Receiver, name: str) -> Span:
    [found] = [span for span in receiver.spans if span.name == name]
    return found


def test_a_request_its_search_and_its_answer_are_one_trace(
    receiver: Receiver, tmp_path: Path
) -> None:
    telemetry = {"otlp_endpoint": receiver.endpoint, "otlp_headers": {"x-tenant": "ops"}}
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with service_over(tmp_path, PAGES, telemetry=telemetry) as service:
        answer = service.client.post(
            "/v1/chat/completions",
            json={
                "model": "runbook-search",
                "messages": [{"role": "user", "content": "undo the checkout deploy peculiarly"}],
            },
            headers={
                "Authorization": f"Bearer {service.key('team:payments')}",
                "traceparent": caller,
            },
        )
        assert answer.status_code == 200
        document = answer.json()["citations"][0]["hit"]["document"]
    request = named(receiver, "POST /v1/chat/completions")
    search, ask = named(receiver, "search"), named(receiver, "ask")
    assert request.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    for inner in (search, ask):
        assert inner.trace_id == request.trace_id
        assert inner.parent_span_id == request.span_id
        assert inner.end_time_unix_nano <= request.end_time_unix_nano
    stages = [span for span in receiver.spans if span.parent_span_id == search.span_id]
    names = {span.name for span in stages}
    assert {"dense", "lexical", "identifiers", "fusion", "second_check"} <= names
    for stage in stages:
        assert stage.trace_id == request.trace_id
        assert search.start_time_unix_nano <= stage.start_time_unix_nano
        assert stage.start_time_unix_nano <= stage.end_time_unix_nano <= search.end_time_unix_nano
    parts = [span for span in receiver.spans if span.parent_span_id == ask.span_id]
    assert [span.name for span in parts] == ["retrieval", "context", "quoting", "disagreement"]
    for part in parts:
        assert ask.start_time_unix_nano <= part.start_time_unix_nano
        assert part.end_time_unix_nano <= ask.end_time_unix_nano
    recorded = attributes(request)
    assert recorded["http.route"] == "/v1/chat/completions"
    assert recorded["http.response.status_code"] == 200
    assert recorded["runbook.request_id"] == answer.headers["x-request-id"]
    assert attributes(search)["runbook.search.mode"] == "hybrid"
    assert attributes(ask)["gen_ai.response.model"] == "extractive"
    assert attributes(ask)["runbook.answer.citations"] >= 1
    assert "@" in attributes(ask)["gen_ai.prompt.name"]
    assert receiver.headers[0]["x-tenant"] == "ops"
    for private in ("peculiarly", document["path"], document["title"], "rollout", "key:"):
        assert private.encode() not in receiver.raw


def test_a_command_that_answers_is_traced_as_a_service_is(
    receiver: Receiver, tmp_path: Path
) -> None:
    with service_over(tmp_path, PAGES, telemetry={"otlp_endpoint": receiver.endpoint}) as service:
        settings = service.services.settings
    receiver.spans.clear()
    for traced in (False, True):
        embedder = hashing_embedder(settings)
        with open_reading(settings, embedder=embedder, traced=traced) as services:
            services.answerer.answer(SearchQuery("undo the deploy", LOCAL_ADMINISTRATOR))
    named(receiver, "search")
    recorded = attributes(named(receiver, "ask"))
    assert recorded["gen_ai.prompt.name"].startswith("answer@")
    assert recorded["runbook.prompt.hash"]


def test_a_path_and_a_key_that_fail_are_not_reported(receiver: Receiver, tmp_path: Path) -> None:
    with service_over(tmp_path, PAGES, telemetry={"otlp_endpoint": receiver.endpoint}) as service:
        service.client.get("/v1/documents/very-private", headers={"Authorization": "Bearer secret"})
        service.client.get("/very-private?query=secret")
    assert {attributes(span)["http.response.status_code"] for span in receiver.spans} >= {401, 404}
    assert b"very-private" not in receiver.raw
    assert b"secret" not in receiver.raw


def test_a_model_call_carries_its_usage(receiver: Receiver) -> None:
    tracing = Tracing(receiver.endpoint, {}, 5, "ollama")
    started = time.time() - 2
    tracing.model_called(ModelCall("qwen3", started, 1.5, Usage(120, 30), failed=False))
    tracing.model_called(ModelCall("broken", started, 0.5, Usage(), failed=True))
    tracing.close()
    call, broken = named(receiver, "chat qwen3"), named(receiver, "chat broken")
    recorded = attributes(call)
    assert recorded["gen_ai.system"] == "ollama"
    assert recorded["gen_ai.request.model"] == "qwen3"
    assert recorded["gen_ai.usage.input_tokens"] == 120
    assert recorded["gen_ai.usage.output_tokens"] == 30
    assert call.kind == Span.SPAN_KIND_CLIENT
    assert (call.end_time_unix_nano - call.start_time_unix_nano) == pytest.approx(1.5e9, rel=1e-6)
    assert broken.status.code == Status.STATUS_CODE_ERROR
    assert call.status.code != Status.STATUS_CODE_ERROR


def test_a_model_over_http_stands_in_the_trace(receiver: Receiver, tmp_path: Path) -> None:
    telemetry = {"otlp_endpoint": receiver.endpoint}
    with model_server() as server:
        ask = {"provider": "openai", "model": MODEL, "base_url": server.base_url}
        with service_over(tmp_path, PAGES, telemetry=telemetry, ask=ask) as service:
            body = {
                "model": "runbook-search",
                "messages": [{"role": "user", "content": "roll back the checkout deploy"}],
            }
            fields = service.post(service.key("t"), "/v1/chat/completions", body).json()
    assert fields["usage"] == USAGE
    call, request = named(receiver, f"chat {MODEL}"), named(receiver, "POST /v1/chat/completions")
    assert call.parent_span_id == request.span_id
    assert attributes(call)["gen_ai.system"] == "openai"
    assert attributes(call)["gen_ai.usage.input_tokens"] == USAGE["prompt_tokens"]
    assert attributes(call)["gen_ai.usage.output_tokens"] == USAGE["completion_tokens"]
    assert b"NO ANSWER" not in receiver.raw


def test_a_receiver_that_is_gone_disturbs_nobody(tmp_path: Path) -> None:
    telemetry = {"otlp_endpoint": "http://127.0.0.1:9", "timeout_seconds": 0.2}
    with service_over(tmp_path, PAGES, telemetry=telemetry) as service:
        answer = service.post(service.key("t"), "/v1/search", {"query": "checkout"})
        assert answer.status_code == 200


def test_nothing_is_traced_unless_an_endpoint_is_set(tmp_path: Path) -> None:
    with service_over(tmp_path, PAGES) as service:
        assert service.services.tracing is None
        service.post(service.key("t"), "/v1/search", {"query": "checkout"})
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    script = "import sys, api.compose.serving; print('opentelemetry.sdk' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
