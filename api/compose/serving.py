"""Composition of the serving process: `runbook serve`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any

from api.compose.embedding import prepare
from api.compose.indexing import open_index
from api.compose.notifications import open_notifier
from api.compose.parts import read_webhooks
from api.compose.reading import open_services
from api.compose.search_path import utc_now
from api.compose.services import Services
from api.compose.upkeep import make_upkeep
from api.index.upkeep import Background
from api.records.answer_log import AnswerLog
from api.records.metrics import Metrics
from api.settings import Settings
from rag.adapters.alert_store import AlertStore
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.vectors.filtered_vectors import FilteredVectors
from rag.alerts.open_alerts import OnePayload, OpenAlerts
from rag.domain.generations import Generation
from rag.domain.jobs import JobKind
from rag.errors import ConfigurationError, StoreError
from rag.ports import NearestVectors

log = logging.getLogger(__name__)

_EVERYTHING: Mapping[str, Any] = {"source": None, "paths": []}


@contextmanager
def open_serving(
    settings: Settings,
    *,
    polling: bool = False,
    ingest: bool = False,
    metrics: Metrics | None = None,
    answers: bool = True,
) -> Iterator[Services]:
    """Services for a process that answers many; it owns an embedded index until the end.

    Where it does not answer itself, but has workers, `warm` leaves to them what only answers need.

    It performs jobs, and watches the sources where the settings ask for it. With `ingest` it also
    brings the sources up to date: before it is warm where no run has ever come to its end, else
    as a job, while what is indexed is served. With `ingest` or a watcher, access that files lost
    while the service was stopped is withdrawn before this returns. Raises IndexBusy, IndexMissing
    when there is nothing to serve, and ConfigurationError for `ingest` without a source.
    """
    if ingest and not settings.sources:
        raise ConfigurationError(
            "there is nothing to ingest: run `runbook init`, and name your sources in runbook.toml"
        )
    # Several services may share a Chroma server; whichever process ingests into it repairs it.
    shared = settings.vectors.mode != "embedded"
    metrics = metrics or Metrics()
    with ExitStack() as stack:
        index = stack.enter_context(
            open_index(
                settings,
                shared=shared,
                while_serving=True,
                on_reading_failure=metrics.reading_failed,
                on_document_served=metrics.document_served,
            )
        )
        catalog, stores = index.catalog, index.stores
        if not ingest:
            catalog.generations.serving()  # raises IndexMissing
        background = Background(make_upkeep(settings, index.indexer), catalog.jobs, metrics)
        stack.callback(background.stop)

        def filtered(generation: Generation) -> NearestVectors:
            exact = ExactVectors(catalog.database, generation)
            return FilteredVectors(stores.open(generation), exact)

        alerts = stack.enter_context(open_alerts(settings))
        services = stack.enter_context(
            open_services(
                settings,
                catalog,
                index.models,
                filtered,
                metrics=metrics,
                observers=[AnswerLog()],
                open_alerts=alerts,
            )
        )
        if ingest or settings.ingest.watch:
            background.narrow_access()  # before the first request can be answered
        background.start(
            watching=settings.ingest.watch,
            polling=polling,
            reconcile=settings.ingest.reconcile_seconds,
        )

        def warm() -> None:
            try:
                first = ingest and not _stands(services)
                if first:
                    background.first_run()
                elif not shared:
                    index.indexer.repair()
                if answers:
                    services.warm()
                else:
                    catalog.generations.serving()
                    prepare(index.models.configured)
                if ingest and not first and not settings.ingest.watch:  # a watcher runs anyway
                    catalog.jobs.enqueue(JobKind.REINDEX, _EVERYTHING, "serve --ingest")
            finally:
                background.ready()

        notifier = stack.enter_context(open_notifier(services))
        yield replace(
            services,
            warm=warm,
            notify=notifier.offer,
            cancel_warming=background.request_stop,
            wake=background.wake,
            webhooks=read_webhooks(settings),
        )


@contextmanager
def open_alerts(settings: Settings) -> Iterator[OpenAlerts]:
    """The open alerts that are kept; without their file each payload is grouped by itself."""
    path = settings.state_folder / "alerts.db"
    try:
        store = AlertStore.open(path, utc_now)
    except StoreError as error:
        log.error("open alerts are not kept: move %s away if it is damaged", path, exc_info=error)
        yield OnePayload()
        return
    with closing(store):
        yield store


def _stands(services: Services) -> bool:
    """Whether a run has ever come to its end; the first one is served while it goes on."""
    summary = services.reader.summary(services.today(), services.settings.search.review_every)
    return summary.last_success is not None
