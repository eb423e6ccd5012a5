"""Composition of the serving process: `runbook serve`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from api.compose.indexing import open_index
from api.compose.parts import read_webhooks
from api.compose.reading import open_services
from api.compose.services import Services
from api.compose.upkeep import make_upkeep
from api.index.upkeep import Background
from api.records.answer_log import AnswerLog
from api.records.metrics import Metrics
from api.settings import Settings
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.vectors.filtered_vectors import FilteredVectors
from rag.domain.generations import Generation
from rag.ports import NearestVectors


@contextmanager
def open_serving(settings: Settings, *, polling: bool = False) -> Iterator[Services]:
    """Services for a process that answers many; it owns an embedded index until the end.

    It performs jobs, and watches the sources where the settings ask for it. Raises IndexBusy, and
    IndexMissing when there is nothing to serve.
    """
    # Several services may share a Chroma server; whichever process ingests into it repairs it.
    shared = settings.vectors.mode != "embedded"
    metrics = Metrics()
    with ExitStack() as stack:
        index = stack.enter_context(
            open_index(settings, shared=shared, on_reading_failure=metrics.reading_failed)
        )
        catalog, stores = index.catalog, index.stores
        catalog.generations.serving()
        background = Background(make_upkeep(settings, index.indexer), catalog.jobs, metrics)
        stack.callback(background.stop)

        def filtered(generation: Generation) -> NearestVectors:
            exact = ExactVectors(catalog.database, generation)
            return FilteredVectors(stores.open(generation), exact)

        services = stack.enter_context(
            open_services(
                settings, catalog, index.models, filtered, metrics=metrics, observers=[AnswerLog()]
            )
        )
        background.start(
            watching=settings.ingest.watch,
            polling=polling,
            reconcile=settings.ingest.reconcile_seconds,
        )

        def warm() -> None:
            try:
                if not shared:
                    index.indexer.repair()
                services.warm()
            finally:
                background.ready()

        yield replace(services, warm=warm, wake=background.wake, webhooks=read_webhooks(settings))
