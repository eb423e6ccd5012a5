"""Whether a passage answers at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.relevance import COVERAGE_WEIGHT, coverage, relevance

texts = st.text(max_size=60)


def test_telling_words_are_counted_in_any_inflection() -> None:
    question = "how do I restart the failing brokers?"
    assert coverage(question, ["Restarting a broker that failed", "fails"]) == 1.0
    assert coverage(question, ["Restart it"]) == 1 / 3
    assert coverage(question, ["how do I"]) == 0.0


def test_a_question_without_a_telling_word_is_covered_by_nothing() -> None:
    assert coverage("what is it?", ["it is what it is"]) == 0.0
    assert coverage("42", ["42"]) == 0.0


def test_relevance_is_the_cosine_and_a_part_of_the_coverage() -> None:
    assert relevance("broker down", ["the broker is down"], 0.3) == 0.3 + COVERAGE_WEIGHT
    assert relevance("broker down", ["bread"], 0.3) == 0.3


@given(texts, st.lists(texts, max_size=4), texts)
def test_coverage_is_a_share_and_never_falls_with_more_text(
    question: str, passage: list[str], more: str
) -> None:
    share = coverage(question, passage)
    assert 0.0 <= share <= coverage(question, [*passage, more]) <= 1.0
