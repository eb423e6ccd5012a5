"""The description of the API costs its making once, however often strangers ask for it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.http.operation_routes import OpenApiDocument


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
