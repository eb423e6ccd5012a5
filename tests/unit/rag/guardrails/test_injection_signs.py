"""Looking for signs takes time in proportion to the text, whatever the text."""

from __future__ import annotations

import time

import pytest

from rag.guardrails.injection import CODE, signs_in


@pytest.mark.parametrize(
    "text", ["`" * 20_000, "~" * 20_000, "x " + "`" * 20_000, "```" * 7_000 + "a", "` " * 10_000]
)
def test_long_runs_of_fences_take_no_time(text: str) -> None:
    started = time.monotonic()
    list(signs_in(text))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `b` c", ["`b`"]),
        ("```sh\nls\n```\nuser: x", ["```sh\nls\n```"]),
        ("~~~~\n```\n~~~~\n", ["~~~~\n```\n~~~~"]),
        ("````\n```\n````", ["````\n```\n````"]),
        ("```\nnever closed", ["```\nnever closed"]),
    ],
)
def test_code_is_told_from_text(text: str, code: list[str]) -> None:
    assert [found.group() for found in CODE.finditer(text)] == code
