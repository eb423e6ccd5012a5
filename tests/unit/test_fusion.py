"""Reciprocal rank fusion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Candidate
from rag.fusion import RRF_K, reciprocal_rank_fusion

keys = st.lists(st.integers(0, 30), unique=True, max_size=20)


def ranking(name: str, found: list[int]) -> list[Candidate]:
    return [Candidate(key, -float(place), name) for place, key in enumerate(found)]


def test_first_in_every_ranking_scores_one() -> None:
    fused = reciprocal_rank_fusion({"a": ranking("a", [7, 8]), "b": ranking("b", [7, 9])})
    assert fused[0][0] == 7
    assert fused[0][1] == pytest.approx(1.0)


def test_the_formula_is_the_published_one() -> None:
    fused = dict(reciprocal_rank_fusion({"a": ranking("a", [1, 2]), "b": ranking("b", [2])}))
    best = 2 / (RRF_K + 1)
    assert fused[2] == pytest.approx((1 / (RRF_K + 2) + 1 / (RRF_K + 1)) / best)
    assert fused[1] == pytest.approx((1 / (RRF_K + 1)) / best)


@given(keys, keys)
def test_every_candidate_is_kept_once_best_first(one: list[int], two: list[int]) -> None:
    fused = reciprocal_rank_fusion({"a": ranking("a", one), "b": ranking("b", two)})
    assert sorted(key for key, _ in fused) == sorted({*one, *two})
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 + 1e-9 for score in scores)


@given(keys)
def test_one_ranking_keeps_its_order(found: list[int]) -> None:
    fused = reciprocal_rank_fusion({"a": ranking("a", found), "b": []})
    assert [key for key, _ in fused] == found


def test_a_weight_raises_its_ranking() -> None:
    rankings = {"a": ranking("a", [1]), "b": ranking("b", [2])}
    assert reciprocal_rank_fusion(rankings, {"b": 2.0})[0][0] == 2
