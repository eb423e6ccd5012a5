"""Composition of what keeps an index up to date: watching, and builds of generations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.compose.indexing import open_index
from api.compose.services import do_nothing
from api.compose.sources import configured_sources
from api.evals.promotion_gate import SuiteGate
from api.index.generation_keeper import GenerationKeeper
from api.index.indexer import Indexer
from api.index.upkeep import Upkeep
from api.settings import Settings
from ingest.runs.report import IngestReport
from rag.errors import ConfigurationError


def make_upkeep(settings: Settings, indexer: Indexer) -> Upkeep:
    """Runs and generations of the configured sources, with the gate that the settings name."""
    sources, suite = configured_sources(settings), settings.evals.gate_suite
    gate = SuiteGate(settings, suite, indexer.models, indexer.recipe) if suite else None
    return Upkeep(indexer, sources, GenerationKeeper(indexer, sources, gate))


def run_watch(
    settings: Settings,
    *,
    polling: bool,
    on_report: Callable[[IngestReport], None],
    stop: threading.Event,
) -> None:
    """Bring every configured source up to date, then index every change until `stop` is set.

    Raises IndexBusy when another process owns the index, ConfigurationError without a source.
    """
    if not settings.sources:
        raise ConfigurationError(
            "there is nothing to watch: run `runbook init`, and name your sources in runbook.toml"
        )
    with open_index(settings, start_readers=True) as index:
        make_upkeep(settings, index.indexer).watch(
            polling=polling,
            reconcile=settings.ingest.reconcile_seconds,
            on_report=on_report,
            failed=do_nothing,
            stop=stop,
        )


@contextmanager
def open_keeper(settings: Settings) -> Iterator[GenerationKeeper]:
    """What builds and promotes generations, in a process that owns the index. Raises IndexBusy."""
    with open_index(settings) as index:
        yield make_upkeep(settings, index.indexer).keeper
