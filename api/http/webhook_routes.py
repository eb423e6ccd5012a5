"""POST /v1/webhooks/github and /gitlab: a push queues a job, if its signature is right.

No key is asked for: the signature says who calls. Every call that carries the right one is answered
alike, so that nothing shows which repositories and branches are sources.
"""

from __future__ import annotations

import json
import re
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool

from api.compose.services import Services
from api.http.authentication import count_refusal
from api.http.dependencies import InjectedServices
from api.http.models import StatusAnswer
from api.http.problems import described
from api.http.unverified_bodies import read_unverified_body
from api.webhooks import Webhooks, pushed_sources, same, signed
from rag.domain.jobs import JobKind
from rag.errors import AuthenticationError, NotFound

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_ACCEPTED = {"status": "accepted"}


def webhook_router() -> APIRouter:
    router = APIRouter(prefix="/v1/webhooks", responses=described())
    for path, route in (("/github", github), ("/gitlab", gitlab)):
        router.add_api_route(
            path, route, methods=["POST"], status_code=202, response_model=StatusAnswer
        )
    return router


async def github(
    request: Request,
    services: InjectedServices,
    x_hub_signature_256: Annotated[str, Header(max_length=200)] = "",
) -> dict[str, str]:
    """A push to GitHub, signed with the secret of the hook."""
    secret = _on((services.webhooks or Webhooks()).github)
    _check(request, services, _SIGNATURE.fullmatch(x_hub_signature_256) is not None)
    body = await read_unverified_body(request, services)
    _check(request, services, signed(secret, body, x_hub_signature_256))
    return await run_in_threadpool(_queue, services, body, "webhook:github")


async def gitlab(
    request: Request,
    services: InjectedServices,
    x_gitlab_token: Annotated[str, Header(max_length=500)] = "",
) -> dict[str, str]:
    """A push to GitLab, with the secret token of the hook."""
    secret = _on((services.webhooks or Webhooks()).gitlab)
    _check(request, services, same(secret, x_gitlab_token))
    return await run_in_threadpool(_queue, services, await request.body(), "webhook:gitlab")


def _on(secret: str | None) -> str:
    if not secret:
        raise NotFound("this hook is not configured")
    return secret


def _check(request: Request, services: Services, genuine: bool) -> None:
    if not genuine:
        count_refusal(request, services)
        raise AuthenticationError("the signature is not that of this hook's secret")


def _queue(services: Services, body: bytes, by: str) -> dict[str, str]:
    try:
        payload = json.loads(body)
    except ValueError:
        return _ACCEPTED
    for name in pushed_sources(payload, services.settings.sources):
        services.jobs.enqueue(JobKind.REINDEX, {"source": name, "paths": []}, by)
        services.wake()
    return _ACCEPTED
