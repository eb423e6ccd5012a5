"""What is kept of an input is bounded, and no odd time counts as its beginning."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from drain3.drain import Drain

import rag.adapters.incident_files
import rag.incidents.templates
from rag.adapters.drain_templates import DrainMiner
from rag.adapters.incident_files import IncidentFiles
from rag.adapters.ruptures_breaks import find_breaks
from rag.errors import InvalidPayload
from rag.incidents.analysis import analyse
from rag.incidents.facts import Facts, InputKind, InputSummary
from rag.incidents.incident import Incident
from rag.incidents.instants import Clock
from rag.incidents.log_events import LogEvent
from rag.incidents.log_formats import Level
from rag.incidents.reading import ReadingTools, read_input
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


def test_a_message_is_compared_with_a_limited_number_of_templates() -> None:
    miner, count = DrainMiner(), 200
    with patch.object(Drain, "get_seq_distance", autospec=True, return_value=(0.0, 0)) as compared:
        for number in range(count):
            miner.add(f"alike {number:b} {number:o} x y z".replace("0", "a").replace("1", "b"))
    assert count < compared.call_count <= 50 * count


HUGE_VALUES = "time,a\n" + "".join(f"{1773475200 + 60 * n},{(-1) ** n}e308\n" for n in range(60))
HALF_A_PAIR = r'{"msg":"\ud800 boom","level":"error","time":"2026-03-14T08:00:00Z"}'


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (InputKind.LOGS, HALF_A_PAIR),
        (InputKind.LOGS, '{"ts":' + "9" * 4_000 + ',"msg":"x"}'),
        (InputKind.LOGS, '{"ts":1e308,"msg":"x"}'),
        (InputKind.DEPLOYS, r'[{"at":"2026-03-14T08:00:00Z","what":"\ud800"}]'),
        (InputKind.DEPLOYS, '[{"at":' + "9" * 400 + ',"what":"x"}]'),
        (InputKind.EVENTS, '{"items":[{"count":1' + "0" * 400 + ',"eventTime":"2026-03-14"}]}'),
        (InputKind.METRICS, HUGE_VALUES),
    ],
)
def test_odd_values_are_kept_in_a_form_that_can_be_stored_and_read(
    tmp_path: Path, kind: InputKind, text: str
) -> None:
    tools = ReadingTools(Clock(START), DrainMiner, breaks=find_breaks)
    found = read_input("a", kind, io.BufferedReader(io.BytesIO(text.encode())), tools)
    store = IncidentFiles(tmp_path)
    store.create(Incident("20260314-x", "x", START, "me", frozenset({"a"}), frozenset()))
    store.change_facts("20260314-x", lambda _: found)
    assert analyse(store.facts("20260314-x"), find_breaks).missing
