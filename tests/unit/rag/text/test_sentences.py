"""Sentences are verbatim and in order, and take time linear in the length of a paragraph."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import sentences
from tests.growth import superlinear


@given(st.text(alphabet="aB .!?`\n1"))
def test_sentences_are_verbatim_and_in_order(text: str) -> None:
    cursor = 0
    for sentence in sentences(text):
        cursor = text.index(sentence, cursor) + len(sentence)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Use e.g. Redis. Wait 1.5 s.", ["Use e.g. Redis.", "Wait 1.5 s."]),
        ("Run `a. B` now. Done.", ["Run `a. B` now.", "Done."]),
        ("1. Drain it. Stop it.", ["1. Drain it.", "Stop it."]),
        ("Ask team B. Then wait.", ["Ask team B. Then wait."]),
        ("Is it _up_? (Yes.) Go on.", ["Is it _up_?", "(Yes.)", "Go on."]),
        ("", []),
    ],
)
def test_a_sentence_does_not_end_at_an_abbreviation_a_number_or_within_code(
    text: str, found: list[str]
) -> None:
    assert sentences(text) == found


@pytest.mark.parametrize("unit", ["A. ", "`A. ", "e.g. A ", "1. A ", ". ", " ", ".\"') ", "Ab. "])
def test_time_grows_linearly_with_a_step_of_hostile_text(unit: str) -> None:
    assert superlinear(sentences, lambda length: unit * (length // len(unit))) is None
