"""`POST /v1/ask` as a stream, over a running service and a model server, both on loopback."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from api.settings.ask import AskSettings
from tests.http_bench import wait_until
from tests.model_server import MODEL, USAGE, ModelServer, model_server
from tests.serving import Served, service_over

PAGE = """\
---
acl: [team:payments]
---
# The payment worker queue stops

Restart the payment worker when its queue stops.
"""
LINE = "Restart the payment worker when its queue stops. [1]\n"
BODY = {"query": "payment worker queue stops", "stream": True}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server(reply=LINE) as made:
        yield made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, server: ModelServer) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    ask = AskSettings(provider="openai", model=MODEL, base_url=server.base_url)
    with service_over(folder, {"queue.md": PAGE}, ask=ask) as made:
        yield made


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(one.removeprefix("event: "), json.loads(data[6:])) for one, data in blocks]


def test_a_models_answer_is_streamed_with_its_usage(served: Served) -> None:
    response = served.post(served.key("team:payments"), "/v1/ask", BODY)
    assert response.headers["content-type"].startswith("text/event-stream")
    received = events(response.text)
    assert [name for name, _ in received] == ["context", "token", "answer"]
    answer = received[-1][1]
    assert answer["model"] == MODEL
    assert answer["usage"] == {
        "tokens_in": USAGE["prompt_tokens"],
        "tokens_out": USAGE["completion_tokens"],
    }
    metrics = served.client.get("/metrics").text
    assert f'runbook_tokens_in_total{{model="{MODEL}"}} 321.0' in metrics
    assert "payment worker" not in metrics


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No garbage is collected, so that nothing ends because it happened to be."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_the_model_stops_when_the_client_has_gone(served: Served, server: ModelServer) -> None:
    """It would write for more than a minute, and less than the length at which it is cut off."""
    server.reply, server.pause = LINE * 350, 0.03
    headers = {"Authorization": f"Bearer {served.key('team:payments')}"}
    with served.client.stream("POST", "/v1/ask", json=BODY, headers=headers) as response:
        lines = response.iter_lines()
        while not next(lines).startswith("event: token"):
            pass
    assert server.aborted.wait(30), "the model went on writing"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ask", BODY),
        (
            "/v1/chat/completions",
            {
                "model": "runbook-search",
                "messages": [{"role": "user", "content": BODY["query"]}],
                "stream": True,
            },
        ),
    ],
)
def test_a_client_that_leaves_a_stream_is_counted_apart_and_is_no_failure(
    served: Served,
    server: ModelServer,
    caplog: pytest.LogCaptureFixture,
    path: str,
    body: dict[str, object],
) -> None:
    server.reply, server.pause = LINE * 350, 0.03
    headers = {"Authorization": f"Bearer {served.key('team:payments')}"}
    before = disconnects(served)
    with (
        structlog.testing.capture_logs() as logged,
        served.client.stream("POST", path, json=body, headers=headers) as response,
    ):
        next(response.iter_lines())
    wait_until(lambda: disconnects(served) == before + 1)
    assert not [one for one in logged if one["log_level"] == "error"]
    assert not [one for one in caplog.records if one.levelname == "ERROR"]
    assert 'status="5xx"' not in served.client.get("/metrics").text


def disconnects(served: Served) -> float:
    text = served.client.get("/metrics").text
    found = re.search(r"^runbook_client_disconnects_total (\S+)$", text, re.MULTILINE)
    assert found is not None
    return float(found[1])
