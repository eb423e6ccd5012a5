"""Composition of what answers questions: for one command, or for a process that serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date

from api.compose import embedding
from api.compose.answer_path import make_answerer, make_generator
from api.compose.embedding_models import EmbeddingModels
from api.compose.incidents import NOTES_SOURCE, make_incident_service, make_prose
from api.compose.local import open_catalog
from api.compose.parts import make_audit
from api.compose.search_path import make_models, make_search_path, today, utc_now
from api.compose.services import Services
from api.identity.configured import make_identity
from api.limits import Limits
from api.records.last_requests import LastRequests
from api.records.metrics import Metrics
from api.records.observing import Observer, Observers, tracing_to
from api.records.request_memory import request_memory
from api.settings import Settings
from rag.adapters.catalog.catalog import Catalog
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.alerts.open_alerts import OnePayload, OpenAlerts
from rag.alerts.triage import AlertTriage
from rag.domain.generations import Generation
from rag.ports import Embedder, NearestVectors


@contextmanager
def open_reading(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    clock: Callable[[], date] = today,
    traced: bool = False,
) -> Iterator[Services]:
    """Services for one command, which only reads the catalog: another process may own the index.

    `embedder` and `clock` replace the configured model and the current day. Spans are sent when
    `traced` and the settings name an endpoint.
    """
    embedder = embedder or embedding.begin_loading(settings)
    with (
        open_catalog(settings) as catalog,
        open_services(
            settings,
            catalog,
            make_models(settings, embedder),
            lambda generation: ExactVectors(catalog.database, generation),
            metrics=Metrics(),
            clock=clock,
            traced=traced,
        ) as services,
    ):
        yield services


@contextmanager
def open_services(
    settings: Settings,
    catalog: Catalog,
    models: EmbeddingModels,
    open_store: Callable[[Generation], NearestVectors],
    *,
    metrics: Metrics,
    observers: Sequence[Observer] = (),
    open_alerts: OpenAlerts = OnePayload(),  # noqa: B008 - it has no state
    clock: Callable[[], date] = today,
    traced: bool = True,
    last_requests: LastRequests | None = None,
) -> Iterator[Services]:
    """Services over an open catalog; `open_store` gives the vectors of a generation.

    `last_requests` is given where other processes answer as well.
    """
    with ExitStack() as stack:
        requests = stack.enter_context(
            closing(request_memory(settings, catalog.feedback, last_requests))
        )
        tracing = tracing_to(settings) if traced else None
        if tracing is not None:
            stack.callback(tracing.close)
        observer = Observers(metrics, *observers, *([tracing] if tracing else []))
        path = make_search_path(settings, catalog.database, models, open_store, observer, clock)
        identity = make_identity(settings, catalog.keys, metrics)
        generator = make_generator(settings.ask, models.configured)
        answerer = make_answerer(
            settings, path.engine, path.reader, models.configured, observer, generator
        )
        prose = make_prose(settings, models.configured, observer, generator)

        def warm() -> None:
            catalog.generations.serving()
            path.warm()
            answerer.warm()

        yield Services(
            settings=settings,
            engine=path.engine,
            answerer=answerer,
            alerts=AlertTriage(path.matcher, path.reader, open_alerts),
            incidents=make_incident_service(
                settings, path.engine, path.matcher, path.reader, utc_now, prose
            ),
            reader=path.reader,
            keys=catalog.keys,
            authenticator=identity.authenticator,
            limits=Limits(
                per_minute=settings.limits.requests_per_minute,
                concurrent=settings.limits.concurrent,
                refusals_per_minute=settings.limits.refusals_per_minute,
            ),
            audit=make_audit(settings, metrics.audit_failed),
            metrics=metrics,
            requests=requests,
            today=clock,
            now=utc_now,
            notes_source=NOTES_SOURCE,
            warm=warm,
            jobs=catalog.jobs,
            catalog=catalog,
            sign_in=identity.sign_in,
            tracing=tracing,
        )
