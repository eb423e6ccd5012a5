"""Whether a passage answers at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.relevance import (
    COVERAGE_WEIGHT,
    MIN_WITHOUT_ITS_NAMES,
    Compared,
    answers,
    coverage,
    relevance,
)
from rag.text.identifiers import names_in

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


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("MongoDB has no primary, what now?", ["MongoDB"]),
        ("How is Loki restarted? Is GDPR a reason?", ["Loki", "GDPR"]),
        ("the gateway answers GFT-500", ["GFT-500"]),
        ("Restart it. Then: Wait | Look", []),
        ("I restart the broker on web-07", []),
    ],
)
def test_names_are_distinguished_from_the_beginnings_of_sentences(
    question: str, names: list[str]
) -> None:
    assert names_in(question) == names


def test_a_passage_that_does_not_name_what_is_asked_must_be_nearer() -> None:
    near = 0.5
    question = "how is the RabbitMQ queue drained"
    assert not answers(question, [Compared(["flow of orders"], near)])
    assert answers(question, [Compared(["flow of orders in rabbitmq"], near)])
    assert answers("how is the queue drained", [Compared(["flow of orders"], near)])
    assert answers(question, [Compared(["flow of orders"], MIN_WITHOUT_ITS_NAMES)])


def test_a_passage_that_holds_the_very_identifier_answers() -> None:
    question = "what does IDN-3110 tell me"
    assert answers(question, [Compared(["bread"], 0.0), Compared(["idn-3110: no such user"], 0.0)])
    assert not answers(question, [Compared(["IDN-31101 and XIDN-3110"], 0.3)])


@pytest.mark.parametrize(
    "question",
    ["PGW-999", "pgw-999", "what does error PGW-999 mean?", "LedgerTooSlow fires", "CVE-2024-1"],
)
def test_a_code_that_no_passage_holds_whole_is_not_answered(question: str) -> None:
    near = Compared(["PGW-504 and pgw 998, PGW-9990; the ledger is too slow; CVE-2024-12"], 0.9)
    assert not answers(question, [near])


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("PGW-504", "the gateway's pgw-504"),
        ("pgw-504", "`PGW-504`: the acquirer is slow"),
        ("PGW-504 or PGW-999", "`PGW-504`: the acquirer is slow"),
        ("what does PGW-504 mean", "a code PGW 504"),
        ("sev-1", "declare a SEV1"),
        ("KubePodCrashLooping", "when kube pod crash looping fires"),
    ],
)
def test_a_code_is_held_however_it_is_spelled(question: str, text: str) -> None:
    assert answers(question, [Compared(["bread"], 0.1), Compared([text], 0.1)])


def test_a_code_is_looked_for_in_every_passage_and_other_words_in_the_best_alone() -> None:
    others = [Compared(["bread"], 0.1)] * 5
    assert answers("PGW-504", [*others, Compared(["pgw-504"], 0.1)])
    assert not answers("mixed captures", [*others, Compared(["mixed captures"], 0.9)])


def test_other_telling_words_beside_a_code_are_judged_as_ever() -> None:
    near = Compared(["captures queue when the acquirer times out"], MIN_WITHOUT_ITS_NAMES)
    assert answers("PGW-999 captures queue", [near])
    assert answers("a read-only replica-set", [near])


def test_nothing_found_answers_nothing() -> None:
    assert not answers("anything", [])
