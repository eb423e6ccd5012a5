"""What anybody may ask for costs little, however often they do: /openapi.json and /metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.http.operation_routes import MetricsText, OpenApiDocument
from api.records.metrics import Metrics
from tests.http_bench import Bench


class CountingApp(FastAPI):
    described = 0

    def openapi(self) -> dict[str, Any]:
        self.described += 1
        return super().openapi()


def test_the_description_is_rendered_once() -> None:
    app = CountingApp(openapi_url=None)
    app.add_api_route("/openapi.json", OpenApiDocument(), include_in_schema=False)
    client = TestClient(app)
    answers = [client.get("/openapi.json") for _ in range(5)]
    assert app.described == 1
    assert {answer.headers["content-type"] for answer in answers} == {"application/json"}
    assert [answer.json() for answer in answers] == [app.openapi()] * 5
    assert "/openapi.json" not in answers[0].json()["paths"]


class WaitingMetrics(Metrics):
    """Renders when it is let, and counts how many renderings go on at once."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.running = self.most = self.rendered = 0

    def render(self, *arguments: Any, **named: Any) -> bytes:
        self.running += 1
        self.most = max(self.most, self.running)
        assert self.go.wait(30)
        self.running -= 1
        self.rendered += 1
        return b""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.services.requests.close()
    made.database.close()


def test_metrics_are_rendered_one_at_a_time(bench: Bench) -> None:
    metrics = WaitingMetrics()
    services = replace(bench.services, metrics=metrics)

    async def ask_at_once() -> None:
        route = MetricsText()
        asked = [asyncio.create_task(route(services)) for _ in range(8)]
        await until(lambda: metrics.running > 0)
        metrics.go.set()
        await asyncio.gather(*asked)

    asyncio.run(asyncio.wait_for(ask_at_once(), 60))
    assert (metrics.most, metrics.rendered) == (1, 8)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)
