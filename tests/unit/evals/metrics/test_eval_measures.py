"""Measures agree with their formulas, and say nothing of what they do not apply to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.metrics.measures import OwnMeasures, RankingMeasures
from evals.metrics.scoring import QuestionResult, passed
from evals.running.system import Response
from evals.suite.suite import GoldPassage, QuestionKind
from tests.eval_cases import asked, cited, observed, passage, question

PATHS = [f"{letter}.md" for letter in "abcdefghijkl"]


def by_formula(gold: Sequence[str], ranked: Sequence[str]) -> dict[str, float]:
    """Binary gains with a log2 discount, written from the definitions."""
    places = [place for place, path in enumerate(ranked) if path in gold]
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(gold))))
    gained = sum(1 / math.log2(place + 2) for place in places if place < 10)
    return {
        "recall@5": sum(place < 5 for place in places) / len(gold),
        "recall@10": sum(place < 10 for place in places) / len(gold),
        "mrr@10": 1 / (places[0] + 1) if places and places[0] < 10 else 0.0,
        "ndcg@10": gained / ideal,
        "success@1": float(any(place < 1 for place in places)),
        "success@3": float(any(place < 3 for place in places)),
        "success@5": float(any(place < 5 for place in places)),
    }


@settings(deadline=None)  # the first example loads the library
@given(
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(PATHS), max_size=12, unique=True),
)
def test_ranking_measures_agree_with_their_formulas(gold: list[str], ranked: list[str]) -> None:
    found = RankingMeasures().score([asked(question(gold=gold), observed(*ranked))])
    want = by_formula(gold, ranked)
    assert found.scores["q1"].keys() == want.keys()
    for name, value in want.items():
        assert math.isclose(found.scores["q1"][name], value, abs_tol=1e-6), name


def test_passages_of_one_page_count_once_and_questions_without_gold_not_at_all() -> None:
    none = question("q2", gold=(), kind=QuestionKind.UNANSWERABLE)
    found = RankingMeasures().score(
        [asked(question(), observed("b.md", "b.md", "a.md")), asked(none, observed("a.md"))]
    )
    assert found.scores["q1"]["mrr@10"] == 0.5
    assert "q2" not in found.scores


def own(one: QuestionResult) -> dict[str, float]:
    return dict(OwnMeasures().score([one]).scores["q1"])


def test_gold_passages_must_stand_whole_in_a_passage_of_their_page() -> None:
    quote = GoldPassage("a.md", "kubectl rollout\n undo")
    wanted = question(passages=[quote, GoldPassage("a.md", "never there")])
    shown = observed()
    for text, share in (("run kubectl  rollout undo now", 0.5), ("kubectl rollout", 0.0)):
        found = passage("a.md", text=text)
        one = asked(wanted, observed("b.md"))
        assert own(one)["passage_recall@5"] == 0.0
        with_text = asked(wanted, type(shown)((passage("b.md", text=text), found), False, 1.0))
        assert own(with_text)["passage_recall@5"] == share


def test_an_answer_without_citations_that_hold_counts_as_wrong() -> None:
    bare = Response("Restart it.", abstained=False)
    half = Response("x", False, (cited("a.md"), cited("b.md", supported=False, marker=2)))
    assert own(asked(question(), observed("a.md", response=bare)))["citation_correctness"] == 0.0
    scores = own(asked(question(), observed("a.md", response=half)))
    assert scores["citation_correctness"] == 0.5
    assert scores["citation_of_gold"] == 1.0
    assert not passed(asked(question(), observed("a.md", response=bare)))
    assert passed(asked(question(), observed("a.md", response=half)))


def test_abstaining_is_right_where_nothing_answers_and_wrong_elsewhere() -> None:
    nothing = question(gold=(), kind=QuestionKind.UNANSWERABLE)
    silent = observed("a.md", no_result=True)
    assert own(asked(nothing, silent)) == {
        "pass_rate": 1.0,
        "abstention_recall": 1.0,
        "abstention_precision": 1.0,
    }
    wrongly = own(asked(question(), silent))
    assert (wrongly["answered"], wrongly["abstention_precision"]) == (0.0, 0.0)
    assert not passed(asked(question(), silent))
    # What the answer says counts before what the search says.
    spoke = Response("Sure.", abstained=False)
    assert own(asked(nothing, observed(no_result=True, response=spoke)))["abstention_recall"] == 0


@pytest.mark.parametrize(
    ("kind", "gold", "ranked", "holds"),
    [
        (QuestionKind.SYMPTOM, ["a.md"], ["b.md", "c.md", "a.md"], True),
        (QuestionKind.SYMPTOM, ["a.md"], ["b.md", "c.md", "d.md", "a.md"], False),
        (QuestionKind.CONFLICT, ["a.md"], ["b.md", "a.md"], False),
        (QuestionKind.CONFLICT, ["a.md"], ["a.md", "b.md"], True),
        (QuestionKind.MULTI_PAGE, ["a.md", "b.md"], ["a.md", "c.md"], False),
        (QuestionKind.MULTI_PAGE, ["a.md", "b.md"], ["a.md", "c.md", "d.md", "b.md"], True),
    ],
)
def test_what_passes(kind: QuestionKind, gold: list[str], ranked: list[str], holds: bool) -> None:
    assert passed(asked(question(gold=gold, kind=kind), observed(*ranked))) is holds


def test_relying_on_a_stale_page_is_seen() -> None:
    stale = type(observed())((passage("a.md", freshness="stale"),), False, 1.0)
    assert own(asked(question(), stale))["current_sources"] == 0.0
    assert own(asked(question(), observed("a.md")))["current_sources"] == 1.0


@pytest.mark.parametrize(
    ("gold", "probability", "error"),
    [(["a.md"], 0.9, 0.01), (["b.md"], 0.9, 0.81), ([], 0.1, 0.01), (["a.md"], None, None)],
)
def test_the_confidence_error_is_the_brier_score_of_the_first_hit(
    gold: list[str], probability: float | None, error: float | None
) -> None:
    hits = (replace(passage("a.md"), probability=probability), passage("b.md"))
    kind = QuestionKind.SYMPTOM if gold else QuestionKind.UNANSWERABLE
    scores = own(asked(question(gold=gold, kind=kind), replace(observed(), passages=hits)))
    assert scores.get("confidence_error") == (error if error is None else pytest.approx(error))
