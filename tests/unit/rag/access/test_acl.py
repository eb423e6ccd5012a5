"""Access algebra: fails closed, exact, monotone."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.access.acl import PUBLIC, access_filter, parse_tag, parse_tags, readers_of_both
from rag.domain.access import Principal
from rag.errors import InvalidTag

tags = st.sampled_from(["public", "team:a", "team:b", "role:sre", "role:oncall", "team:a/b"])
tag_sets = st.frozensets(tags, max_size=5)


@given(acl=tag_sets, groups=tag_sets)
def test_a_principal_reads_what_shares_a_tag_or_is_public(
    acl: frozenset[str], groups: frozenset[str]
) -> None:
    readable = access_filter(Principal("someone", groups)).allows(acl)
    assert readable == (bool(groups) and bool(acl & (groups | {PUBLIC})))


@given(acl=tag_sets)
def test_no_groups_means_nothing(acl: frozenset[str]) -> None:
    access = access_filter(Principal("nobody"))
    assert access.nothing
    assert not access.allows(acl)


@given(acl=tag_sets)
def test_an_administrator_reads_everything(acl: frozenset[str]) -> None:
    assert access_filter(Principal("root", administrator=True)).allows(acl)


@given(groups=tag_sets.filter(bool))
def test_an_empty_acl_is_for_administrators_alone(groups: frozenset[str]) -> None:
    assert not access_filter(Principal("someone", groups)).allows(frozenset())


@given(acl=tag_sets, groups=tag_sets, more=tag_sets)
def test_more_groups_never_read_less(
    acl: frozenset[str], groups: frozenset[str], more: frozenset[str]
) -> None:
    before = access_filter(Principal("someone", groups)).allows(acl)
    after = access_filter(Principal("someone", groups | more)).allows(acl)
    assert after or not before


@pytest.mark.parametrize("raw", ["public", "team:payments", "role:sre", "a", "org:team:a/b@c+d"])
def test_a_tag_stands_as_it_was_written(raw: str) -> None:
    assert parse_tag(raw) == raw


@pytest.mark.parametrize(
    "raw",
    ["", " ", "team payments", "team:", ":team", "*", "Public", "PUBLIC", "pub\u0142ic",
     "t\u0435am:a", "team:a\n", "team\u200b:a", "-x", "x" * 129, None, 7, True, ["public"], {}],
)  # fmt: skip
def test_what_is_no_tag_is_refused(raw: object) -> None:
    with pytest.raises(InvalidTag):
        parse_tag(raw)


@given(st.text())
def test_only_short_ascii_text_is_a_tag(raw: str) -> None:
    try:
        tag = parse_tag(raw)
    except InvalidTag:
        return
    assert tag == raw
    assert set(tag) <= set(string.ascii_letters + string.digits + "._/@+-:")


def test_one_wrong_tag_refuses_the_set() -> None:
    with pytest.raises(InvalidTag):
        parse_tags(["team:a", "team b"])


@given(tag_sets, tag_sets, tag_sets)
def test_whoever_reads_what_both_let_read_could_read_each(
    groups: frozenset[str], one: frozenset[str], other: frozenset[str]
) -> None:
    access = access_filter(Principal("p", groups))
    both = readers_of_both(one, other)
    assert both == readers_of_both(other, one)
    if access.allows(both):
        assert access.allows(one)
        assert access.allows(other)


def test_what_narrows_the_public_is_what_is_left() -> None:
    some = frozenset({"team:a", "team:b"})
    assert readers_of_both(frozenset({PUBLIC}), some) == some


def test_a_caller_that_is_not_authenticated_is_not_the_public() -> None:
    guest = Principal("g", frozenset({"team:guests"}), authenticated=False)
    assert not access_filter(guest).allows(frozenset({PUBLIC}))
    assert access_filter(guest).allows(frozenset({"team:guests"}))
