"""What is kept of an input is bounded, and no odd time counts as its beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

import rag.adapters.incident_files
import rag.incidents.templates
from rag.adapters.drain_templates import DrainMiner
from rag.adapters.incident_files import IncidentFiles
from rag.errors import InvalidPayload
from rag.incidents.facts import Facts, InputKind, InputSummary
from rag.incidents.incident import Incident
from rag.incidents.log_events import LogEvent
from rag.incidents.log_formats import Level
from rag.incidents.spans import Span
from rag.incidents.templates import TemplateCounter

START = datetime(2026, 3, 14, 8, tzinfo=UTC)
WORDS = ("red", "green", "blue", "black", "white", "grey", "pink", "brown", "amber", "cyan")


def counted(events: int, step: timedelta, start: datetime = START) -> TemplateCounter:
    """Ten templates; every tenth event is an error."""
    counter = TemplateCounter(DrainMiner(), "a.log")
    for number in range(events):
        level = Level.INFO if number % 10 else Level.ERROR
        word = WORDS[number % 10]
        message = f"{word} {word} {word} lamp"
        counter.add(LogEvent(start + step * number, number + 1, level, "", message))
    return counter


def test_the_buckets_of_a_log_are_limited_and_errors_keep_their_minutes() -> None:
    with (
        patch.object(rag.incidents.templates, "MAX_LOG_BUCKETS", 1_500),
        patch.object(rag.incidents.templates, "_FEW_BUCKETS", 20),
    ):
        stats = counted(5_000, timedelta(seconds=20)).stats()
    assert sum(one.count for one in stats) == 5_000
    assert sum(len(one.buckets) for one in stats) <= 1_500
    [error] = [one for one in stats if one.level is Level.ERROR]
    assert len(error.buckets) == 500


def test_times_of_all_centuries_take_no_more_buckets() -> None:
    start = datetime(1, 1, 2, tzinfo=UTC)
    stats = counted(36_000, timedelta(days=100), start).stats()
    assert sum(one.count for one in stats) == 36_000
    assert all(len(one.buckets) <= 3_001 for one in stats)


def test_a_time_far_from_all_others_begins_and_ends_nothing() -> None:
    span = Span()
    for minute in range(500):
        span.add(START + timedelta(minutes=minute))
    for odd in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)):
        span.add(odd)
    assert span.ends() == (START, START + timedelta(minutes=499), 2)


def test_a_log_with_a_pause_keeps_both_parts() -> None:
    span = Span()
    times = [START, START + timedelta(days=30)]
    for at in times:
        span.add(at)
    assert span.ends() == (*times, 0)
    assert Span().ends() == (None, None, 0)


@pytest.mark.parametrize("limit", ["MAX_FACTS_BYTES", "MAX_OPENER_BYTES"])
def test_facts_beyond_a_limit_are_refused_and_those_before_stay(tmp_path: Path, limit: str) -> None:
    store = IncidentFiles(tmp_path)
    incident = Incident("20260314-x", "x", START, "me", frozenset({"a"}), frozenset())
    store.create(incident)
    small = Facts(inputs=(InputSummary("a", InputKind.LOGS, 1),))
    large = Facts(inputs=tuple(InputSummary("b" * 200, InputKind.LOGS, n) for n in range(100)))
    with (
        patch.object(rag.adapters.incident_files, limit, 5_000),
        patch.object(rag.adapters.incident_files, "_FEW_BYTES", 0),
    ):
        store.change_facts(incident.id, lambda _: small)
        with pytest.raises(InvalidPayload, match="MiB"):
            store.change_facts(incident.id, lambda _: large)
    assert store.facts(incident.id) == small
