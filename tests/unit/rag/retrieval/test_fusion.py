"""Fusion: pages and passages from the signals that found them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.search import Candidate
from rag.indexing.chunk_keys import chunk_key, version_of
from rag.retrieval.fusion import SIGNALS, Fusion, RankedDocument

CHUNK_SIGNALS = [name for name, signal in SIGNALS.items() if not signal.of_documents]


def ranking(name: str, *scored: tuple[int, int, float]) -> list[Candidate]:
    """Candidates given as version, ordinal and score."""
    return [Candidate(chunk_key(version, at), score, name) for version, at, score in scored]


def rankings_of(draw: dict[str, dict[tuple[int, int], float]]) -> dict[str, list[Candidate]]:
    made = {}
    for name, scored in draw.items():
        ordered = sorted(scored.items(), key=lambda item: -item[1])
        made[name] = ranking(name, *[(version, at, score) for (version, at), score in ordered])
    return made


def fuse(rankings: dict[str, list[Candidate]]) -> list[RankedDocument]:
    return Fusion(rankings).ranked()


signals = st.fixed_dictionaries(
    {
        name: st.dictionaries(
            st.tuples(st.integers(1, 6), st.just(0) if signal.of_documents else st.integers(0, 3)),
            st.floats(0.01, 30),
            max_size=12,
        )
        for name, signal in SIGNALS.items()
    }
).map(rankings_of)


def test_best_in_every_lane_scores_one() -> None:
    fused = fuse({name: ranking(name, (7, 0, 3.0), (8, 0, 1.0)) for name in SIGNALS})
    assert fused[0].version == 7
    assert fused[0].score == pytest.approx(1.0)


def test_a_share_counts_by_the_weight_of_its_lane() -> None:
    found = fuse({"lexical": ranking("lexical", (1, 0, 10.0), (2, 0, 5.0))})
    assert {page.version: page.score for page in found} == {1: 1.0, 2: 0.5}


def test_a_page_is_judged_by_its_best_passage_and_not_by_their_number() -> None:
    many = [(1, at, 5.0) for at in range(4)]
    fused = fuse({"lexical": ranking("lexical", (2, 0, 6.0), *many)})
    assert [page.version for page in fused] == [2, 1]
    assert [page.score for page in fused] == pytest.approx([1.0, 5 / 6])


def test_a_passage_that_dense_search_cut_off_stands_below_its_last() -> None:
    fusion = Fusion(
        {
            "dense": ranking("dense", (1, 0, 0.8), (2, 0, 0.4)),
            "lexical": ranking("lexical", (3, 0, 1.0)),
        }
    )
    unseen = {found.signal: found for found in fusion.contributions(3)}
    seen = {found.signal: found for found in fusion.contributions(2)}
    assert 0 < unseen["dense"].points < seen["dense"].points
    assert unseen["dense"].rank is None
    assert unseen["dense"].raw is None


def test_a_page_lane_names_a_passage_only_where_no_other_lane_does() -> None:
    fusion = Fusion(
        {
            "lexical": ranking("lexical", (1, 3, 2.0)),
            "pages": ranking("pages", (1, 0, 2.0), (2, 0, 1.0)),
        }
    )
    assert fusion.chunks(1) == [(chunk_key(1, 3), 1.0)]
    assert [key for key, _ in fusion.chunks(2)] == [chunk_key(2, 0)]


@given(signals)
def test_every_page_that_was_found_is_ranked_once_and_says_why(
    rankings: dict[str, list[Candidate]],
) -> None:
    fusion = Fusion(rankings)
    fused = fusion.ranked()
    found = {version_of(one.chunk_key) for ranked in rankings.values() for one in ranked}
    assert sorted(page.version for page in fused) == sorted(found)
    scores = [page.score for page in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    for page in fused:
        result = fusion.contributions(page.version)
        points = sum(one.points for one in result)
        asked_for = any(one.signal == "identifiers" and (one.raw or 0) >= 1 for one in result)
        assert points == pytest.approx(page.score) or (asked_for and points < page.score)
        passages = fusion.chunks(page.version)
        assert all(version_of(key) == page.version for key, _ in passages)
        shares = [share for _, share in passages]
        assert shares == sorted(shares, reverse=True)


@given(signals)
def test_every_passage_that_a_chunk_lane_found_is_kept(
    rankings: dict[str, list[Candidate]],
) -> None:
    fusion = Fusion(rankings)
    kept = {key for page in fusion.ranked() for key, _ in fusion.chunks(page.version)}
    assert {one.chunk_key for name in CHUNK_SIGNALS for one in rankings[name]} <= kept


def test_a_page_about_an_identifier_of_the_question_stands_among_the_first_three() -> None:
    better = [(version, 0, 10.0 - version) for version in range(1, 8)]
    found = {
        "dense": ranking("dense", *better),
        "lexical": ranking("lexical", *better),
        "identifiers": ranking("identifiers", (9, 0, 1.0), (8, 0, 0.5)),
    }
    assert [page.version for page in fuse(found)][:4] == [1, 2, 9, 3]
    scores = [page.score for page in fuse(found)]
    assert scores == sorted(scores, reverse=True)


def test_nothing_found_is_nothing_fused() -> None:
    assert fuse({}) == []
    assert fuse({"dense": []}) == []
