"""/healthz, /readyz, /metrics and /openapi.json: open to all, so no text, path or query in them."""

from __future__ import annotations

import asyncio
import json

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from api.compose.services import Services
from api.http.dependencies import InjectedServices
from api.http.models import ReadyAnswer, StatusAnswer
from api.http.problems import NOT_READY, described, problem_response
from api.http.readiness import Readiness
from api.records.metrics import CONTENT_TYPE
from evals.drift.history import last_report
from evals.running.history import last_run


def operation_router() -> APIRouter:
    router = APIRouter()
    router.add_api_route("/healthz", healthz, methods=["GET"], response_model=StatusAnswer)
    router.add_api_route(
        "/readyz",
        readyz,
        methods=["GET"],
        response_model=ReadyAnswer,
        response_model_exclude_none=True,
        responses=described(),
    )
    router.add_api_route(
        "/metrics", MetricsText(), methods=["GET"], response_class=Response, name="metrics"
    )
    router.add_api_route(
        "/openapi.json", OpenApiDocument(), methods=["GET"], include_in_schema=False
    )
    return router


class OpenApiDocument:
    """The description of the API, rendered once: anybody may ask for it, as often as they like."""

    def __init__(self) -> None:
        self._rendered: bytes | None = None

    async def __call__(self, request: Request) -> Response:
        if self._rendered is None:
            self._rendered = await run_in_threadpool(_render, request.app)
        return Response(self._rendered, media_type="application/json")


def _render(app: FastAPI) -> bytes:
    return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()


async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


async def readyz(request: Request, services: InjectedServices) -> ReadyAnswer | Response:
    """The first search will be a quick one. Files that cannot be read do not change that."""
    readiness: Readiness = request.app.state.readiness
    if (reason := readiness.reason) is not None:
        return problem_response(NOT_READY, request.scope, reason=reason)
    return ReadyAnswer(status="ready", reading_failures=services.metrics.reading_failures() or None)


class MetricsText:
    """Counts and times in Prometheus' text format.

    Each rendering counts rows of the catalog, and anybody may ask for it: one at a time, however
    many ask at once, so that they take no threads and processor time from searches.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def __call__(self, services: InjectedServices) -> Response:
        async with self._turn:
            text = await run_in_threadpool(_metrics_of, services)
        return Response(text, media_type=CONTENT_TYPE)


def _metrics_of(services: Services) -> bytes:
    return services.metrics.render(
        lambda: services.reader.summary(services.today(), services.settings.search.review_every),
        last_run(services.settings.evals_folder),
        last_report(services.settings.drift_folder),
    )
