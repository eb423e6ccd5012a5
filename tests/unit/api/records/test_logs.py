"""Logs: one line an event, and no foreign exception's message in any of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from api.records.answer_log import AnswerLog
from api.records.logs import configure
from rag.errors import StoreError
from rag.ports import AnswerOutcome


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    names = ("rag", "ingest", "api", "evals", "uvicorn")
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.getLogger("uvicorn.access").disabled = False
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_events_and_standard_records_come_out_alike(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.stdlib.get_logger("api.http").info("request", status=200)
        logging.getLogger("rag.retrieval.search").warning("slow by %d ms", 7)
    ours, standard = lines(capsys)
    assert ours["event"] == "request"
    assert ours["status"] == 200
    assert standard["event"] == "slow by 7 ms"
    assert {ours["request_id"], standard["request_id"]} == {"r1"}
    assert (ours["level"], standard["level"]) == ("info", "warning")
    assert ours["timestamp"].endswith("Z")


def test_the_level_is_kept_and_libraries_speak_from_warnings_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("debug", "json")
    logging.getLogger("api.http").debug("ours")
    logging.getLogger("some.library").info("the text of a document")
    logging.getLogger("some.library").warning("careful")
    logging.getLogger("uvicorn.access").error("GET /v1/search?q=secret")
    assert [line["event"] for line in lines(capsys)] == ["ours", "careful"]
    configure("error", "json")
    structlog.stdlib.get_logger("api.http").warning("not now")
    logging.getLogger("some.library").warning("nor now")
    assert lines(capsys) == []


def test_an_exception_is_reported_by_type_and_place_without_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "json")
    try:
        try:
            raise ValueError("the text of a document")
        except ValueError as cause:
            raise StoreError("the catalog is damaged") from cause
    except StoreError as error:
        structlog.stdlib.get_logger("api").error("failed", exc_info=error)
        logging.getLogger("uvicorn.error").exception("in the server")
    ours, theirs = lines(capsys)
    for line in (ours, theirs):
        assert "StoreError: the catalog is damaged" in line["exception"]
        assert "ValueError" in line["exception"]
        assert "test_logs.py:" in line["exception"]
        assert "the text of a document" not in json.dumps(line)


def test_a_person_reads_plain_lines_without_colour_off_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "console")
    structlog.stdlib.get_logger("api").info("ready", port=8080)
    text = capsys.readouterr().err
    assert "ready" in text
    assert "port=8080" in text
    assert "\x1b" not in text


def test_an_answer_is_one_line_that_names_its_prompt_and_holds_no_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "json")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        AnswerLog().answer_given(
            AnswerOutcome(
                "small", "answer@2", "0123456789abcdef", 0.0, 0.25, False, True, 9, 3, 1, 2
            )
        )
    [line] = lines(capsys)
    assert (line["event"], line["request_id"], line["ms"]) == ("answer", "r1", 250.0)
    assert (line["model"], line["prompt"]) == ("small", "answer@2")
    assert line["prompt_hash"] == "0123456789abcdef"
    assert (line["abstained"], line["fell_back"], line["citations"]) == (False, True, 3)


def test_a_console_log_shows_control_characters_as_escapes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", "console")
    log = structlog.stdlib.get_logger("api.test")
    log.info("read \x1b[2J", path="a\n\x1b]0;x\x07\u202e.md")
    printed = capsys.readouterr().err
    assert "\x1b" not in printed
    assert "read \\x1b[2J" in printed
    assert "a\\n\\x1b]0;x\\x07\\u202e.md" in printed
