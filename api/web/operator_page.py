"""`/operations` and `/evals`: the index, its jobs and its evals; for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import time

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from api.compose.services import Services
from api.http.authentication import Administrator, Asking
from api.index.generation_keeper import roll_back
from api.web.drift_plots import drift_plots
from api.web.forms import PostedForm
from api.web.page_route import SignedInPage
from api.web.query_plot import query_plot
from api.web.site import site_of
from evals.drift.history import last_report
from evals.reports.last_report import last_eval_report
from evals.running.history import PastRun, past_runs
from rag.access.acl import access_filter
from rag.domain.index import IndexSummary
from rag.domain.jobs import Job
from rag.errors import NotFound

_MAX_JOBS = 20
_MAX_RUNS = 30
_SEE_OTHER = 303


def operator_router() -> APIRouter:
    router = APIRouter(route_class=SignedInPage, include_in_schema=False)
    router.add_api_route("/operations", operations, methods=["GET"])
    router.add_api_route("/operations/rollback", confirm_rollback, methods=["GET"])
    router.add_api_route("/operations/rollback", rollback, methods=["POST"])
    router.add_api_route("/evals", evals, methods=["GET"])
    return router


def operations(request: Request, principal: Administrator) -> Response:
    """Generations with their gates, jobs, drift, sources, and counts of what is served."""
    site = site_of(request)
    catalog = site.services.catalog
    jobs = site.services.jobs.list(_MAX_JOBS)
    drift = last_report(site.services.settings.drift_folder)
    return site.page(
        request,
        "operations.html",
        summary=_summary(site.services),
        not_ready=request.app.state.readiness.reason,
        generations=catalog.generations.list(),
        promotions=catalog.promotions.history(),
        can_roll_back=_can_roll_back(site.services),
        jobs=jobs,
        progress={job.id: progress_of(job, time()) for job in jobs if job.is_open},
        sources=catalog.known_sources(),
        reading_failures=site.services.metrics.reading_failures(),
        documents_of=dict(site.facets.of(access_filter(principal)).sources),
        queries=query_plot(site.services.metrics.query_counts()),
        drift=drift,
        drift_plots=drift_plots(drift) if drift else [],
    )


def confirm_rollback(request: Request, principal: Administrator) -> Response:  # noqa: ARG001 - checked
    """What a rollback does, and the button that does it."""
    site = site_of(request)
    catalog = site.services.catalog
    before = catalog.generations.get(catalog.promotions.before())
    return site.page(request, "rollback.html", serving=catalog.generations.serving(), before=before)


def rollback(
    request: Request, principal: Administrator, by: Asking, fields: PostedForm
) -> Response:
    """Let the generation before serve again, if it is still the one that was confirmed."""
    site = site_of(request)
    catalog = site.services.catalog
    if fields.get("generation") != str(catalog.promotions.before()):
        return RedirectResponse("/operations/rollback", _SEE_OTHER)
    done = roll_back(catalog, principal.name)
    site.services.audit.acted(by, f"rolled back to generation {done.generation}")
    site.services.wake()
    return RedirectResponse("/operations", _SEE_OTHER)


def evals(request: Request, principal: Administrator) -> Response:  # noqa: ARG001 - checked
    """What the last run changed, the trend of each score, and the runs that the history keeps."""
    site = site_of(request)
    folder = site.services.settings.evals_folder
    runs = past_runs(folder)[-_MAX_RUNS:]
    return site.page(
        request,
        "evals.html",
        report=last_eval_report(folder),
        runs=list(reversed(runs)),
        trends=[trend for name in _score_names(runs) if (trend := trend_of(name, runs))],
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running job is: `share` from 0 to 1, None while it is not known."""

    share: float | None
    seconds_left: int | None


def progress_of(job: Job, now: float) -> Progress:
    """From the documents that are done, at the pace so far; `now` is a Unix time."""
    if job.started_at is None or not job.found:
        return Progress(None, None)
    share = min(1.0, job.done / job.found)
    spent = max(0.0, now - job.started_at.timestamp())
    return Progress(share, round(spent / share - spent) if share else None)


@dataclass(frozen=True, slots=True)
class Trend:
    """A score over time: `points` are those of an SVG polyline, 200 wide and 40 high."""

    name: str
    last: float
    points: str


_WIDTH, _HEIGHT = 200, 40


def trend_of(name: str, runs: Sequence[PastRun]) -> Trend | None:
    """The trend of one score, from 0 at the bottom to 1 at the top; None for less than two runs."""
    values = [run.scores[name] for run in runs if name in run.scores]
    if len(values) < 2 or not all(0 <= value <= 1 for value in values):
        return None
    step = _WIDTH / (len(values) - 1)
    points = " ".join(
        f"{at * step:.1f},{_HEIGHT * (1 - value):.1f}" for at, value in enumerate(values)
    )
    return Trend(name, values[-1], points)


def _score_names(runs: Sequence[PastRun]) -> list[str]:
    return sorted({name for run in runs for name in run.scores})


def _can_roll_back(services: Services) -> bool:
    try:
        services.catalog.promotions.before()
    except NotFound:
        return False
    return True


def _summary(services: Services) -> IndexSummary:
    return services.reader.summary(services.today(), services.settings.search.review_every)
