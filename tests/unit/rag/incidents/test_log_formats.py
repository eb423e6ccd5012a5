"""Lines of logs in every format, and their times in UTC."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.adapters.drain_templates import DrainMiner
from rag.errors import InvalidPayload
from rag.incidents.facts import InputKind
from rag.incidents.instants import Clock, parse_instant
from rag.incidents.log_events import LogEvent, log_events
from rag.incidents.log_formats import Level, parse_line
from rag.incidents.reading import ReadingTools, read_input

CLOCK = Clock(datetime(2026, 3, 14, 12, tzinfo=UTC))
AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        '{"ts":"2026-03-14T09:26:53Z","level":"error","service":"pay","msg":"boom"}',
        '{"time":1773480413,"severity":"ERROR","app":"pay","message":"boom"}',
        '{"@timestamp":"2026-03-14T10:26:53.000+01:00","level":"ERROR","service":"pay","msg":"boom"}',
        'ts=2026-03-14T09:26:53Z level=error service=pay msg="boom"',
        'time="2026-03-14T09:26:53Z" level=error service=pay msg=boom',
        "<11>Mar 14 09:26:53 host pay[12]: boom",
        "<11>1 2026-03-14T09:26:53.000Z host pay 12 ID47 - boom",
        '2026-03-14T09:26:53.000000000Z stderr F {"level":"error","service":"pay","msg":"boom"}',
        "[pod/pay-7d9c5b6f4-x2abc/pay] 2026-03-14T09:26:53Z ERROR boom",
    ],
)
def test_every_format_gives_time_level_service_and_message(line: str) -> None:
    found = parse_line(line, CLOCK)
    assert (found.at, found.level, found.service, found.message) == (AT, Level.ERROR, "pay", "boom")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-03-14 09:26:53,000 ERROR [worker-1] boom", "boom"),
        ("2026-03-14 10:26:53,000 +0100 ERROR   [worker-1] boom", "boom"),
        ("[2026-03-14 09:26:53] ERROR: boom", "boom"),
        ("E0314 09:26:53.000000       1 main.go:117] boom", "boom"),
        ("2026/03/14 09:26:53 [error] 31#31: boom", "31#31: boom"),
        ("Mar 14 09:26:53 host pay[1]: ERROR boom", "ERROR boom"),
        ("Mar 14, 2026 9:26:53 AM ERROR boom", "boom"),
        ("1773480413 ERROR boom", "boom"),
        ("1773480413000 ERROR boom", "boom"),
        ("Sat Mar 14 09:26:53 2026 ERROR boom", "boom"),
        ("20260314T092653Z ERROR boom", "boom"),
    ],
)
def test_plain_lines_of_every_common_form_are_read(line: str, message: str) -> None:
    found = parse_line(line, CLOCK)
    assert (found.at, found.level, found.message) == (AT, Level.ERROR, message)


def test_a_failed_request_of_a_web_server_is_an_error() -> None:
    line = '10.0.0.1 - - [14/Mar/2026:10:26:53 +0100] "GET /pay HTTP/1.1" 502 157 "-" "curl"'
    found = parse_line(line, CLOCK)
    assert (found.at, found.level) == (AT, Level.ERROR)
    assert found.message.startswith('"GET /pay')


def test_a_year_that_is_not_written_makes_the_time_past() -> None:
    january = Clock(datetime(2026, 1, 2, tzinfo=UTC))
    assert parse_line("Dec 31 23:59:58 host pay: x", january).at == datetime(
        2025, 12, 31, 23, 59, 58, tzinfo=UTC
    )


def test_a_time_without_a_zone_is_read_in_the_zone_that_is_given() -> None:
    local = Clock(CLOCK.reference, timezone(timedelta(hours=2)))
    assert parse_instant("2026-03-14 11:26:53", local) == AT


@pytest.mark.parametrize("raw", ["2026-13-45T99:00:00Z", "yesterday", "", None, True, 3, "1" * 400])
def test_what_is_no_time_is_none(raw: object) -> None:
    assert parse_instant(raw, CLOCK) is None


JAVA = """\
2026-03-14 09:26:53,000 INFO start
2026-03-14 09:26:54,000 ERROR request failed
java.lang.IllegalStateException: order is gone
\tat shop.Order.load(Order.java:10)
Caused by: java.sql.SQLException: pool exhausted
\tat db.Pool.get(Pool.java:5)
\t... 12 more
2026-03-14 09:26:55,000 INFO goes on
"""
PYTHON = """\
2026-03-14 09:26:54,000 ERROR request failed
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    one()
ValueError: not a number

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 2, in two
shop.errors.OrderError: order 7 is broken
2026-03-14 09:26:55,000 INFO goes on
"""


def events(text: str) -> list[LogEvent]:
    return list(log_events(text.splitlines(), CLOCK))


@pytest.mark.parametrize(
    ("text", "exception", "lines"),
    [
        (JAVA, "java.sql.SQLException: pool exhausted", [1, 2, 8]),
        (PYTHON, "ValueError: not a number", [1, 12]),
    ],
)
def test_a_trace_over_lines_is_one_event_with_its_root_exception(
    text: str, exception: str, lines: list[int]
) -> None:
    found = events(text)
    assert [one.line for one in found] == lines
    [failed] = [one for one in found if one.exception]
    assert (failed.exception, failed.level, failed.message) == (
        exception,
        Level.ERROR,
        "request failed",
    )


def test_lines_without_a_date_take_their_neighbours() -> None:
    text = "starting\n2026-03-14 23:59:58 one\n23:59:59.5 two\n00:00:01 three\nfour\n"
    assert [one.at for one in events(text)] == [
        datetime(2026, 3, 14, 23, 59, 58, tzinfo=UTC),
        datetime(2026, 3, 14, 23, 59, 58, tzinfo=UTC),
        datetime(2026, 3, 14, 23, 59, 59, 500_000, tzinfo=UTC),
        datetime(2026, 3, 15, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 15, 0, 0, 1, tzinfo=UTC),
    ]


def test_a_log_without_any_time_has_events_without_one() -> None:
    assert [one.at for one in events("one\ntwo\n")] == [None, None]


@given(st.text(max_size=300))
def test_any_line_is_read(line: str) -> None:
    assert parse_line(line, CLOCK).message is not None


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    tools = ReadingTools(CLOCK, DrainMiner)
    for packed in (data, gzip.compress(data), b"\x1f\x8b" + data):
        for kind in InputKind:
            try:
                facts = read_input("x.log", kind, io.BufferedReader(io.BytesIO(packed)), tools)
            except InvalidPayload:
                continue
            assert facts.inputs[0].kind is kind
