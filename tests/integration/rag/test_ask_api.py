"""POST /v1/ask on a real catalog: what it quotes, for whom, and as a stream."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rag.answering.answering import Answerer
from rag.domain.access import Right
from rag.domain.answers import AnswerEvent
from rag.domain.search import SearchQuery
from rag.errors import StoreError
from tests.fakes import document, index_text
from tests.http_bench import Bench, Caller, type_of

TEXT = "Restart the payment worker when the queue stops. Wait for it to drain."
QUESTION = "payment worker queue stops"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    index_text(made.index, document("payments/queue.md", ["team:payments"]), TEXT)
    index_text(made.index, document("secret/queue.md", ["team:secret"]), f"{TEXT} Zebra.")
    yield made
    made.services.requests.close()
    made.database.close()


def asked(caller: Caller, query: str = QUESTION, **more: Any) -> Any:
    return caller.client.post("/v1/ask", json={"query": query, **more}, headers=caller.headers)


def events(text: str) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(one.removeprefix("event: "), json.loads(data[6:])) for one, data in blocks]


def test_an_answer_quotes_what_the_caller_may_read_and_cites_it(bench: Bench) -> None:
    body = asked(bench.caller()).json()
    assert not body["abstained"]
    assert {one["hit"]["document"]["path"] for one in body["citations"]} == {"payments/queue.md"}
    assert body["answer"].startswith("> payments/queue.md")
    assert "Restart the payment worker when the queue stops." in body["answer"]
    assert body["model"] == "extractive"
    assert re.fullmatch(r"answer@\d+", body["prompt"])
    assert re.fullmatch(r"[0-9a-f]{16}", body["prompt_hash"])
    assert body["usage"] == {"tokens_in": 0, "tokens_out": 0}
    assert "Zebra" not in json.dumps(body)


def test_detail_chooses_between_one_screen_and_quotes_of_several_documents(bench: Bench) -> None:
    full = asked(bench.caller(), detail="full").json()
    assert "Restart the payment worker when the queue stops. [1]" in full["answer"]
    brief = asked(bench.caller(), detail="brief").json()
    assert brief["answer"] == asked(bench.caller()).json()["answer"] != full["answer"]
    assert asked(bench.caller(), detail="long").status_code == 422


def test_a_stream_tells_the_context_then_the_text_then_the_checked_citations(bench: Bench) -> None:
    response = asked(bench.caller(), stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    received = events(response.text)
    names = [name for name, _ in received]
    assert names[0] == "context"
    assert names[-1] == "answer"
    assert set(names[1:-1]) == {"token"}
    assert [hit["document"]["path"] for hit in received[0][1]["hits"]] == ["payments/queue.md"]
    text = "".join(data["text"] for name, data in received if name == "token")
    assert text == received[-1][1]["answer"]
    assert "Zebra" not in response.text


def test_a_failure_in_the_middle_is_a_problem_like_any(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Answerer.stream

    def broken(self: Answerer, query: SearchQuery, **more: Any) -> Iterator[AnswerEvent]:
        yield next(whole(self, query, **more))
        raise StoreError("/var/secret/catalog.db is damaged")

    monkeypatch.setattr(Answerer, "stream", broken)
    response = asked(bench.caller(), stream=True)
    [_, (name, received)] = events(response.text)
    assert name == "error"
    assert received["request_id"] == response.headers["x-request-id"]
    assert (received["type"], received["status"]) == (type_of("index-unavailable"), 503)
    assert received["title"]
    assert "secret" not in response.text


def test_who_may_read_nothing_gets_an_abstention_without_pages(bench: Bench) -> None:
    body = asked(bench.caller(groups=frozenset({"team:other"}))).json()
    assert body["abstained"]
    assert body["citations"] == []
    assert "queue.md" not in body["answer"]


def test_a_question_that_is_too_long_is_refused_and_so_is_a_caller_without_the_right(
    bench: Bench,
) -> None:
    assert asked(bench.caller(), "x" * 101).status_code == 422
    assert asked(bench.caller(rights=frozenset({Right.INDEX}))).status_code == 403
    assert bench.client.post("/v1/ask", json={"query": QUESTION}).status_code == 401


def test_slow_answers_leave_threads_for_searches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Semaphore(0), threading.Event()
    stream = Answerer.stream

    def slow(self: Answerer, query: SearchQuery, **more: Any) -> Any:
        begun.release()
        assert go.wait(30)
        return stream(self, query, **more)

    monkeypatch.setattr(Answerer, "stream", slow)
    caller, slow_ones = bench.caller(), 45  # more than the forty threads that a framework gives
    with bench.client, ThreadPoolExecutor(slow_ones + 1) as clients:
        waiting = [clients.submit(asked, caller) for _ in range(slow_ones)]
        try:
            for _ in range(slow_ones):
                assert begun.acquire(timeout=30)
            assert clients.submit(caller.search, QUESTION).result(timeout=30).status_code == 200
        finally:
            go.set()
        assert {one.result(timeout=30).status_code for one in waiting} == {200}
