"""POST /v1/reindex and the jobs that it makes: for merge hooks and administrators.

The scope of a job and the reason of its failure may name paths, so only the principal that asked
for it and administrators see them; the counts of a job limited to paths would reveal which exist.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError

from api.compose.services import Services
from api.http.authentication import Asking, IndexCaller
from api.http.dependencies import InjectedServices
from api.http.models import JobAccepted, JobAnswer, JobsAnswer, JobsQuery, ReindexRequest
from api.wire.hits import JsonObject
from rag.domain.access import Principal
from rag.domain.jobs import Job, JobKind
from rag.errors import NotFound

# Of a run's report; the rest names files.
_COUNTS = ("added", "updated", "deleted", "unchanged", "chunks", "seconds", "generation")


def add_job_routes(router: APIRouter) -> None:
    router.add_api_route(
        "/reindex", reindex, methods=["POST"], status_code=202, response_model=JobAccepted
    )
    router.add_api_route("/jobs", jobs, methods=["GET"], response_model=JobsAnswer)
    router.add_api_route("/jobs/{job_id}", job, methods=["GET"], response_model=JobAnswer)
    router.add_api_route("/jobs/{job_id}", cancel, methods=["DELETE"], response_model=JobAnswer)


def reindex(
    services: InjectedServices,
    principal: IndexCaller,
    by: Asking,
    body: ReindexRequest | None = None,
) -> JsonObject:
    """Queue a run over every source, one source, or some paths below its root."""
    asked = body or ReindexRequest()
    _check(asked, services)
    scope: JsonObject = {"source": asked.source, "paths": sorted(set(asked.paths))}
    queued = services.jobs.enqueue(JobKind.REINDEX, scope, principal.name)
    services.wake()
    services.audit.acted(by, f"queued job {queued.id}")
    return {"job": queued.id}


def jobs(
    query: Annotated[JobsQuery, Query()], services: InjectedServices, principal: IndexCaller
) -> JsonObject:
    """The newest jobs, newest first."""
    return {"jobs": [_shown(item, principal) for item in services.jobs.list(query.limit)]}


def job(job_id: str, services: InjectedServices, principal: IndexCaller) -> JsonObject:
    """One job: how far it is, and what it did."""
    return _shown(_found(services.jobs.get(job_id)), principal)


def cancel(
    job_id: str, services: InjectedServices, principal: IndexCaller, by: Asking
) -> JsonObject:
    """Take a job from the queue, or end it after its current batch; what is committed stays."""
    cancelled = _found(services.jobs.cancel(job_id))
    services.audit.acted(by, f"cancelled job {cancelled.id}")
    return _shown(cancelled, principal)


def _found(found: Job | None) -> Job:
    if found is None:
        raise NotFound("no such job; only the newest are kept")
    return found


def _check(asked: ReindexRequest, services: Services) -> None:
    known = {source.name for source in services.settings.sources}
    if not known:
        raise _invalid("source", "No source is configured")
    if asked.source is not None and asked.source not in known:
        raise _invalid("source", "No such source is configured")
    if asked.paths and asked.source is None:
        raise _invalid("paths", "Name the source that the paths lie in")
    for path in asked.paths:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise _invalid("paths", "Write paths from the root of the source")


def _invalid(field: str, reason: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", field), "msg": reason}])


def _shown(job: Job, principal: Principal) -> JsonObject:
    insider = principal.administrator or job.asked_by == principal.name
    counted = principal.administrator or not job.scope.get("paths")
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "cancelling": job.cancelling and job.is_open,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
        "progress": _progress(job) if counted else None,
        "result": _result(job, principal) if counted else None,
        "error": job.error,
        "scope": dict(job.scope) if insider else None,
        "reason": job.reason if principal.administrator else None,
    }


def _progress(job: Job) -> JsonObject:
    return {"found": job.found, "done": job.done, "chunks": job.chunks}


def _result(job: Job, principal: Principal) -> JsonObject | None:
    if job.result is None:
        return None
    counts: dict[str, Any] = {name: job.result[name] for name in _COUNTS if name in job.result}
    quarantined = job.result.get("quarantined", [])
    counts["quarantined"] = len(quarantined)
    if principal.administrator:
        counts["quarantined_documents"] = quarantined
    return counts
