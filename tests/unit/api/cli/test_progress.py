"""Progress where nobody looks at a terminal."""

from __future__ import annotations

import logging

import pytest

from api.cli.progress import PlainProgress
from api.cli.terminal import PREPARING, last_resort
from rag.adapters.embedding import model_export


def test_a_long_run_says_how_far_it_is_every_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    progress = PlainProgress(lambda: now)
    progress.found(100)
    for moment, finished in ((1.0, 10), (11.0, 20), (12.0, 30), (25.0, 40)):
        now = moment
        progress.done(finished, 0)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["indexing: 30 of 100 documents", "indexing: 100 of 100 documents"]


def test_a_short_run_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress(lambda: 0.0)
    progress.found(1)
    progress.done(1, 1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "level", "shown"),
    [
        (PREPARING, logging.INFO, True),
        ("chromadb", logging.INFO, False),
        ("x", logging.WARNING, True),
    ],
)
def test_the_export_of_a_model_and_warnings_are_shown(name: str, level: int, shown: bool) -> None:
    record = logging.LogRecord(name, level, "", 0, "message", None, None)
    assert bool(last_resort().filter(record)) is shown


def test_the_export_of_a_model_logs_under_that_name() -> None:
    assert model_export.log.name == PREPARING
