"""Composition of a service of several processes: the owner of the index, and its workers.

The owner opens the vectors of an embedded index, which one process alone may open. Workers scan
the catalog's vectors exactly, as commands do beside a running service.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial

from api.compose.local import open_catalog
from api.compose.parts import read_webhooks
from api.compose.reading import open_services
from api.compose.search_path import make_models
from api.compose.services import Services
from api.compose.serving import open_alerts, open_serving
from api.compose.vector_stores import ChromaStores
from api.records.answer_log import AnswerLog
from api.records.metrics import Metrics
from api.records.shared_metrics import SharedValues
from api.settings import Settings
from api.settings.access import LimitSettings
from api.workers.last_requests import SharedLastRequests
from api.workers.limits import SharedLimits
from api.workers.owner_link import OwnerLink
from api.workers.shared_folder import SharedFolder
from api.workers.used_ids import SharedIds
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.shared_counts import SharedCounts
from rag.adapters.vectors.filtered_vectors import FilteredVectors
from rag.domain.generations import Generation
from rag.ports import NearestVectors

OWNER = "owner"


def worker_name(place: int) -> str:
    """As metrics, counts and logs name a worker."""
    return f"worker-{place}"


@contextmanager
def open_owner(
    settings: Settings, folder: SharedFolder, *, polling: bool, ingest: bool
) -> Iterator[tuple[Services, Callable[[int], None]]]:
    """Services of the process that writes, and what is called with the place of a worker that has
    ended: its requests run no longer. That raises StoreError."""
    metrics = Metrics(SharedValues(folder.metrics, OWNER))
    with (
        closing(SharedCounts(folder.counts, OWNER)) as counts,
        open_serving(
            settings, polling=polling, ingest=ingest, metrics=metrics, answers=False
        ) as services,
    ):
        yield services, lambda place: counts.forget(worker_name(place))


@contextmanager
def open_worker(
    settings: Settings, folder: SharedFolder, place: int, owner: OwnerLink
) -> Iterator[Services]:
    """Services of a worker, which writes what callers leave behind but never the index."""
    name = worker_name(place)
    metrics = Metrics(SharedValues(folder.metrics, name))
    mine = settings.model_copy(update={"limits": share_of_limits(settings)})
    with ExitStack() as stack:
        counts = stack.enter_context(closing(SharedCounts(folder.counts, name)))
        catalog = stack.enter_context(open_catalog(mine))
        stores = stack.enter_context(closing(ChromaStores(mine)))

        def open_store(generation: Generation) -> NearestVectors:
            exact = ExactVectors(catalog.database, generation)
            if mine.vectors.mode == "embedded":
                return exact
            return FilteredVectors(stores.open(generation), exact)

        services = stack.enter_context(
            open_services(
                mine,
                catalog,
                make_models(mine),
                open_store,
                metrics=metrics,
                observers=[AnswerLog()],
                open_alerts=stack.enter_context(open_alerts(mine)),
                last_requests=SharedLastRequests(counts),
            )
        )
        yield replace(
            services,
            notify=owner.notify,
            wake=owner.wake,
            webhooks=read_webhooks(mine),
            make_used_ids=partial(SharedIds, counts),
            limits=SharedLimits(
                counts,
                services.limits,
                per_minute=mine.limits.requests_per_minute,
                concurrent=mine.limits.concurrent,
                refusals_per_minute=mine.limits.refusals_per_minute,
            ),
        )


def share_of_limits(settings: Settings) -> LimitSettings:
    """What one worker may hold of what limits the whole service: its part, rounded up."""
    limits, workers = settings.limits, settings.server.workers
    divided = ("in_flight", "connections", "unverified_bodies", "unverified_bodies_per_address")
    return limits.model_copy(
        update={name: math.ceil(getattr(limits, name) / workers) for name in divided}
    )
