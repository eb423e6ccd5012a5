"""What a question asks for to the letter."""

from __future__ import annotations

import pytest

from rag.retrieval.exact_phrases import (
    date_spellings,
    quoted_phrases,
    unspaced_phrases,
    version_ranges,
)


def test_phrases_in_any_quotation_marks_are_found() -> None:
    asked = "is it “too many open files” or \"no space left\", 'read only file system'?"
    assert set(quoted_phrases(asked)) == {
        "too many open files",
        "no space left",
        "read only file system",
    }


def test_apostrophes_and_single_words_are_no_phrases() -> None:
    assert quoted_phrases("the node's disk isn't full, it's \"fine\"") == []


def test_phrases_of_scripts_without_spaces_are_found() -> None:
    assert unspaced_phrases("为什么磁盘已满 on node 1") == ["为什么磁盘已满"]


@pytest.mark.parametrize("asked", ["upgrade 2.9 to 2.10", "from v2.9 to v2.10", "2.9 -> 2.10"])
def test_a_range_of_versions_is_found(asked: str) -> None:
    assert version_ranges(asked) == [("2.9", "2.10")]


@pytest.mark.parametrize(
    "asked",
    ["outage of 2024-03-05", "outage of 5 March 2024", "outage of March 5th, 2024", "on 2024/3/5"],
)
def test_a_date_is_looked_for_in_every_spelling(asked: str) -> None:
    (spellings,) = date_spellings(asked)
    assert {"2024 03 05", "20240305", "5 march 2024", "mar 5 2024"} <= set(spellings)


def test_a_number_that_is_no_date_is_none() -> None:
    assert date_spellings("error 2024-13-45 in version 1.28.3 with 5 nodes") == []
