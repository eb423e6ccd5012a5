"""Makes the index equal to the files of one or more sources."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from ingest.runs.preparation import PreparedSource
from ingest.runs.report import IngestReport
from ingest.runs.source_run import IngestTools, Outcome, Run, SourceRun


def ingest(tools: IngestTools, sources: Sequence[PreparedSource], run: Run) -> IngestReport:
    """Bring every source up to date. The caller holds the index lock.

    A source that cannot be reached is named in the report, and nothing of it is deleted.
    Raises what the run's progress raises; what was committed until then stays.
    """
    started = time.monotonic()
    outcomes = [SourceRun(tools, source, run).run() for source in sources]
    tools.catalog.finish(datetime.now(UTC))
    return _report(tools, outcomes, round(time.monotonic() - started, 3))


def _report(tools: IngestTools, outcomes: Sequence[Outcome], seconds: float) -> IngestReport:
    return IngestReport(
        added=sum(outcome.added for outcome in outcomes),
        updated=sum(outcome.updated for outcome in outcomes),
        deleted=sum(outcome.deleted for outcome in outcomes),
        unchanged=sum(outcome.unchanged for outcome in outcomes),
        quarantined=tuple(item for outcome in outcomes for item in outcome.quarantined.values()),
        chunks=tools.catalog.active_chunk_count(),
        seconds=seconds,
        generation=tools.catalog.generation.id,
        unreadable=tools.catalog.unreadable_count(),
        suspicious=tuple(item for outcome in outcomes for item in outcome.suspicious),
        unreachable=tuple(one.unreachable for one in outcomes if one.unreachable),
        unsettled=tuple(item for outcome in outcomes for item in outcome.unsettled),
    )
