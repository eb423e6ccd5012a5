"""Composition of `runbook drift`: the query log, the serving index and its embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from api.compose.local import LOCAL_ADMINISTRATOR, open_catalog
from api.compose.search_path import make_models
from api.settings import Settings
from evals.drift.comparing import Shift, compare, shifted_questions
from evals.drift.history import append_report
from evals.drift.report import DriftReport
from evals.drift.samples import first_days, samples_of
from rag.access.acl import access_filter
from rag.adapters.catalog.vocabulary import Vocabulary
from rag.errors import StoreError
from rag.ports import Embedder


@dataclass(frozen=True, slots=True)
class Drift:
    """The report, which is stored, and questions of the recent window, which are not."""

    report: DriftReport
    examples: Sequence[Shift]


def measure_drift(
    settings: Settings, *, now: datetime, recent_days: int, reference_days: int, examples: int
) -> Drift:
    """Compare the last complete days with those before, and add the report to the history.

    Questions are embedded with the model of the serving generation; their vectors are not stored.
    Raises IndexMissing without an index, and StoreError if the report cannot be written.
    """
    access = access_filter(LOCAL_ADMINISTRATOR)
    start, _ = first_days(now.date(), recent_days, reference_days)
    since = datetime.combine(start, time(), UTC)
    with open_catalog(settings) as catalog:
        serving = catalog.generations.serving()
        asked = catalog.queries.since(since, access=access)
        verdicts = catalog.queries.verdicts_since(since, access=access)
        with closing(Vocabulary(catalog.database, serving.id, access=access)) as vocabulary:
            samples = samples_of(asked, verdicts, vocabulary.unknown_share)
    embed = _Embedding(make_models(settings).of(serving))
    report = compare(samples, embed, now, recent_days, reference_days)
    differing = shifted_questions(
        samples.questions, embed, now, recent_days, reference_days, examples
    )
    try:
        append_report(settings.drift_folder, report)
    except OSError as error:
        raise StoreError(
            f"{settings.drift_folder} cannot be written ({error.strerror}): check its owner and "
            "the disk"
        ) from error
    return Drift(report, differing)


def log_is_too_short(settings: Settings, recent_days: int, reference_days: int) -> bool:
    """Whether the query log forgets requests before they leave the reference window."""
    needed = timedelta(days=recent_days + reference_days)
    return timedelta(days=settings.feedback.keep_requests_days) < needed


class _Embedding:
    """The vectors of questions, each embedded once; kept in memory for this run alone."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        for text in texts:
            if text not in self._vectors:
                vector = self._embedder.embed_question(text)
                self._vectors[text] = np.array(vector, dtype=np.float32)
        return np.stack([self._vectors[text] for text in texts])
