"""The HTTP application, made from the services that it answers with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import to_thread
from fastapi import APIRouter, FastAPI, Security
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware

from api.compose.services import Services
from api.http.access_log import AccessLog
from api.http.alert_routes import add_alert_routes
from api.http.ask_routes import add_ask_routes
from api.http.authentication import AuthenticatedRoute, bearer_scheme
from api.http.body_limit import BodyLimit
from api.http.chat_routes import add_chat_routes
from api.http.document_routes import add_document_routes
from api.http.feedback_routes import add_feedback_routes
from api.http.incident_routes import add_incident_routes
from api.http.job_routes import add_job_routes
from api.http.load_limit import LoadLimit
from api.http.mcp_route import McpDoor
from api.http.operation_routes import operation_router
from api.http.problems import described, exception_handlers
from api.http.readiness import Readiness
from api.http.request_scope import RequestScope
from api.http.search_routes import add_search_routes
from api.http.slack_routes import SlackDoor
from api.http.stopping import Stopping
from api.http.unverified_bodies import UnverifiedBodies
from api.http.webhook_routes import webhook_router
from api.settings import ServerSettings
from api.web.pages import add_web_pages

# The framework's own spans and logs carry paths and exception texts to their collector.
_NO_TELEMETRY = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)


def create_app(services: Services) -> FastAPI:
    """An application over `services`, which the caller closes after it has stopped."""
    app = FastAPI(
        title="Runbook search",
        version=version("runbook-search"),
        lifespan=_lifespan,
        middleware=_layers(services),
        exception_handlers=exception_handlers(),
        redirect_slashes=False,  # a redirect would repeat the path and query
        openapi_url=None,  # served by operation_routes, rendered once
        docs_url=None,  # these pages load their scripts from other people's servers
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.services = services
    app.state.stopping = Stopping(services.settings.server.stop_seconds)
    app.state.readiness = Readiness(services.warm, app.state.stopping)
    app.state.unverified_bodies = _unverified_bodies(services)
    app.include_router(operation_router())
    app.include_router(_v1_router())
    app.include_router(webhook_router())
    app.state.mcp = McpDoor(services)
    app.router.routes.append(app.state.mcp.route)
    app.state.slack = _slack_door(services, app)
    if services.settings.web.enabled:
        add_web_pages(app, services)
    return app


def _layers(services: Services) -> list[Middleware]:
    """What every request passes, outermost first."""
    settings, limits = services.settings, services.settings.limits
    tracing = services.tracing
    if tracing is None:
        traced = []
    else:
        from api.http.traced_requests import TracedRequests

        traced = [Middleware(TracedRequests, tracing)]
    return [
        Middleware(RequestScope),
        *traced,
        Middleware(AccessLog, services.metrics),
        Middleware(LoadLimit, limits.in_flight, limits.request_seconds),
        Middleware(
            BodyLimit,
            settings.server.max_body_bytes,
            limits.body_seconds,
            _larger_bodies(settings.server),
        ),
    ]


def _unverified_bodies(services: Services) -> UnverifiedBodies:
    limits = services.settings.limits
    return UnverifiedBodies(
        total=limits.unverified_bodies,
        per_address=limits.unverified_bodies_per_address,
        seconds=limits.unverified_body_seconds,
        dropped=services.metrics.unverified_body_dropped,
    )


def _larger_bodies(server: ServerSettings) -> dict[str, int]:
    """The routes whose bodies are large by their nature, by path, and how large they may be."""
    return {
        "/v1/webhooks/github": server.max_webhook_bytes,
        "/v1/webhooks/gitlab": server.max_webhook_bytes,
        "/v1/chat/completions": server.max_chat_bytes,
        "/v1/alerts": server.max_alert_bytes,
        "/alerts": server.max_alert_bytes,
        "/v1/incidents/*/inputs": server.max_incident_bytes,
        "/incidents": server.max_incident_bytes,
        "/incidents/*/inputs": server.max_incident_bytes,
    }


def _slack_door(services: Services, app: FastAPI) -> SlackDoor | None:
    """The door to Slack, where its signing secret is set; nothing is there otherwise."""
    secret = services.settings.slack.signing_secret
    if secret is None or not secret.get_secret_value():
        return None
    door = SlackDoor(services, secret.get_secret_value())
    router = APIRouter()
    door.add_to(router)
    app.include_router(router)
    return door


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    # Each admitted request may wait in a thread: a search must not queue for one.
    threads = to_thread.current_default_thread_limiter()
    threads.total_tokens = max(threads.total_tokens, app.state.services.settings.limits.in_flight)
    readiness: Readiness = app.state.readiness
    door: McpDoor = app.state.mcp
    readiness.start()
    async with door.running():
        yield
    if app.state.slack is not None:
        app.state.slack.close()
    app.state.services.cancel_warming()
    readiness.stop()


def _v1_router() -> APIRouter:
    router = APIRouter(
        prefix="/v1",
        route_class=AuthenticatedRoute,
        dependencies=[Security(bearer_scheme())],
        responses=described(),
    )
    add_search_routes(router)
    add_ask_routes(router)
    add_alert_routes(router)
    add_document_routes(router)
    add_job_routes(router)
    add_feedback_routes(router)
    add_chat_routes(router)
    add_incident_routes(router)
    return router
