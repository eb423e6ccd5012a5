"""Compounds in all their spellings."""

from __future__ import annotations

import pytest

from rag.retrieval.compounds import joined, spelled_as_in, split


@pytest.mark.parametrize(
    ("question", "compound"),
    [
        ("roll back the mailer", "rollback"),
        ("we rolled back the mailer", "rollback"),
        ("the node timed out", "timeout"),
        ("shutting down a node", "shutdown"),
        ("the data base is slow", "database"),
    ],
)
def test_two_words_are_also_asked_for_as_one(question: str, compound: str) -> None:
    assert any(compound in others for others in joined(question.split()).values())


@pytest.mark.parametrize(
    ("word", "apart"),
    [("rollback", "roll back"), ("failover", "fail over"), ("hostname", "host name")],
)
def test_a_compound_is_also_asked_for_as_two_words(word: str, apart: str) -> None:
    assert apart in split(word)


def test_ordinary_words_stay_as_they_are() -> None:
    assert not split("kubernetes")
    assert not split("restart")
    assert not joined(["how", "do", "I"])


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("how to roll back it", "Rollback of a deploy", "how to rollback it"),
        ("rollback of it", "to roll-back a deploy", "roll back of it"),
        ("roll back", "roll back or rollback", "roll back"),
    ],
)
def test_a_question_is_spelled_as_the_text_is(question: str, text: str, expected: str) -> None:
    assert spelled_as_in(question, [text]) == expected
