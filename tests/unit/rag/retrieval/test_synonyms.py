"""Synonym files: what they may say, and what a question becomes by them."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ConfigurationError
from rag.retrieval.synonyms import Synonyms, parse_synonyms

words = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
members = st.lists(words, min_size=1, max_size=3).map(" ".join)


def test_each_member_stands_for_the_others() -> None:
    synonyms = parse_synonyms(["k8s, kubernetes"], "s.txt")
    assert synonyms.expand(["k8s", "upgrade"]) == {"k8s": ("kubernetes",)}
    assert synonyms.expand(["kubernetes"]) == {"kubernetes": ("k8s",)}


def test_several_words_are_found_as_one_and_the_longest_wins() -> None:
    synonyms = parse_synonyms(["lb, load balancer", "load, traffic"], "s.txt")
    assert synonyms.expand(["load", "balancer"]) == {"load": ("lb",)}
    assert synonyms.expand(["load", "is", "high"]) == {"load": ("traffic",)}
    assert synonyms.expand(["lb"]) == {"lb": ("load balancer",)}


def test_a_word_may_stand_in_several_groups() -> None:
    synonyms = parse_synonyms(["db, database", "db, datenbank"], "s.txt")
    assert synonyms.expand(["db"]) == {"db": ("database", "datenbank")}


def test_comments_and_empty_lines_say_nothing() -> None:
    assert parse_synonyms(["# a, b", "", "  ", "pg, postgres # the database"], "s.txt").expand(
        ["pg", "a"]
    ) == {"pg": ("postgres",)}


@pytest.mark.parametrize("line", ["alone", "a, ", ", b", "a, a", ",".join(map(str, range(21)))])
def test_a_line_that_is_no_group_is_reported_with_its_number(line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^s\.txt:2: "):
        parse_synonyms(["k8s, kubernetes", line], "s.txt")


@given(st.lists(st.lists(members, min_size=2, max_size=4, unique=True), max_size=5))
def test_synonyms_go_both_ways(groups: list[list[str]]) -> None:
    synonyms = parse_synonyms([", ".join(group) for group in groups], "s.txt")
    for member, others in synonyms.others.items():
        for other in others:
            assert " ".join(member) in synonyms.others[tuple(other.split())]
            assert other != " ".join(member)


def test_the_synonyms_that_ship_can_be_read() -> None:
    shipped = resources.files("rag.retrieval").joinpath("synonyms.txt").read_text(encoding="utf-8")
    lines = parse_synonyms(shipped.splitlines(), "synonyms.txt")
    assert lines.expand(["pg"]) == {"pg": ("postgres", "postgresql")}
    assert Synonyms().expand(["pg"]) == {}
