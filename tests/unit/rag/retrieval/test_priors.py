"""Age and supersession: what they may change, and what they may not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.documents import FreshnessStatus
from rag.domain.search import CandidateDocument
from rag.retrieval.fusion import RankedDocument
from rag.retrieval.priors import FACTOR_OF, superseded_paths, with_priors

FRESH = FreshnessStatus.FRESH


def page(version: int, *superseded_by: int) -> CandidateDocument:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    by = {one: f"{one}.md" for one in superseded_by}
    return CandidateDocument(version, f"d{version}", "s", f"{version}.md", day, None, None, by)


def ranked(scores: dict[int, float]) -> list[RankedDocument]:
    return [RankedDocument(version, score) for version, score in scores.items()]


def order(
    scores: dict[int, float],
    superseded_by: dict[int, int] | None = None,
    statuses: dict[int, FreshnessStatus] | None = None,
) -> list[int]:
    said = superseded_by or {}
    pages = {one: page(one, *([said[one]] if one in said else [])) for one in scores}
    stands = {one: (statuses or {}).get(one, FRESH) for one in scores}
    return [one.version for one in with_priors(ranked(scores), pages, stands)]


def test_a_superseded_page_stands_under_its_successor() -> None:
    assert order({1: 1.0, 2: 0.6, 3: 0.5}, {1: 2}) == [2, 1, 3]


def test_a_superseded_page_is_shown_where_its_successor_was_not_found() -> None:
    assert order({1: 1.0, 3: 0.5}, {1: 2}) == [1, 3]


def test_a_stale_page_loses_a_near_tie_and_no_more() -> None:
    stale = {1: FreshnessStatus.STALE}
    assert order({1: 0.80, 2: 0.79}, statuses=stale) == [2, 1]
    assert order({1: 0.80, 2: 0.70}, statuses=stale) == [1, 2]


def test_pages_that_supersede_each_other_are_both_shown() -> None:
    assert sorted(order({1: 1.0, 2: 0.9}, {1: 2, 2: 1})) == [1, 2]


@given(
    st.dictionaries(st.integers(1, 9), st.floats(0.01, 1.0), min_size=1, max_size=9),
    st.dictionaries(st.integers(1, 9), st.sampled_from(list(FreshnessStatus))),
    st.dictionaries(st.integers(1, 9), st.integers(1, 12)),
)
def test_no_page_is_lost_or_raised(
    scores: dict[int, float],
    statuses: dict[int, FreshnessStatus],
    superseded_by: dict[int, int],
) -> None:
    said = {one: by for one, by in superseded_by.items() if one != by}
    pages = {one: page(one, *([said[one]] if one in said else [])) for one in scores}
    stands = {one: statuses.get(one, FRESH) for one in scores}
    after = with_priors(ranked(scores), pages, stands)
    assert {one.version for one in after} == set(scores)
    assert all(0 < one.score <= scores[one.version] for one in after)
    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)


def test_every_status_has_a_factor_and_none_hides_a_page() -> None:
    assert set(FACTOR_OF) == set(FreshnessStatus)
    assert min(FACTOR_OF.values()) > 0.9


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("old/a.md", {("s", "old/a.md"), ("s", "payments/old/a.md")}),
        ("../a.md", {("s", "../a.md"), ("s", "a.md")}),
        ("./b.md", {("s", "b.md")}),  # itself, from its own folder, is no predecessor
    ],
)
def test_a_predecessor_is_named_from_the_root_or_from_the_folder(
    written: str, expected: set[tuple[str, str]]
) -> None:
    assert superseded_paths("s", "payments/b.md", written) == expected
