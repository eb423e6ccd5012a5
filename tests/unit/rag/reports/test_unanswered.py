"""Questions without a result, grouped for owners."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.reports.unanswered import Question, grouped


def asked(text: str, day: int = 1) -> Question:
    return Question(text, datetime(2026, 1, day, tzinfo=UTC))


def test_questions_that_ask_for_the_same_stand_together_most_often_asked_first() -> None:
    groups = grouped(
        [
            asked("rotate the vpn certificate", 1),
            asked("How do I rotate VPN certificates?", 3),
            asked("rotate the  vpn certificate", 2),
            asked("printer on floor two jams"),
        ]
    )
    assert [(group.count, len(group.questions)) for group in groups] == [(3, 2), (1, 1)]
    assert groups[0].questions[0] == "rotate the vpn certificate"
    assert groups[0].last_asked.day == 3


def test_one_word_in_common_of_two_makes_no_group() -> None:
    assert len(grouped([asked("kafka lag"), asked("kafka password rotation")])) == 2


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=15))
def test_every_question_stands_in_one_group(texts: list[str]) -> None:
    groups = grouped(asked(text) for text in texts)
    assert sum(group.count for group in groups) == len(texts)
    found = [question for group in groups for question in group.questions]
    assert len(found) == len(set(found))
    assert [group.count for group in groups] == sorted((g.count for g in groups), reverse=True)
