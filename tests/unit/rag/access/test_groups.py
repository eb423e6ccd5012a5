"""Groups that include others: closed, monotone, and never in a circle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.access.groups import GroupHierarchy
from rag.errors import ConfigurationError

NAMES = [f"team:{letter}" for letter in "abcdefg"]
# Each group includes only such as come after it in the list: no circle can be among them.
hierarchies = st.dictionaries(st.integers(0, 6), st.sets(st.integers(1, 6)), max_size=7).map(
    lambda found: {
        NAMES[above]: [NAMES[above + step] for step in below if above + step < len(NAMES)]
        for above, below in found.items()
    }
)
some = st.frozensets(st.sampled_from([*NAMES, "public", "role:x"]))


def test_a_group_carries_what_it_includes_at_any_depth() -> None:
    groups = GroupHierarchy({"role:sre": ["team:oncall"], "team:oncall": ["team:payments"]})
    assert groups.expand(frozenset({"role:sre"})) == {"role:sre", "team:oncall", "team:payments"}
    assert groups.expand(frozenset({"team:payments"})) == {"team:payments"}
    assert groups.expand(frozenset()) == frozenset()


@given(hierarchies, some, some)
def test_expanding_is_a_closure(
    includes: dict[str, list[str]], one: frozenset[str], other: frozenset[str]
) -> None:
    expand = GroupHierarchy(includes).expand
    assert one <= expand(one)
    assert expand(expand(one)) == expand(one)
    assert expand(one | other) == expand(one) | expand(other)
    for group in expand(one):
        assert expand(one).issuperset(includes.get(group, ()))


@given(hierarchies, some, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_one_inclusion_more_takes_nothing_away(
    includes: dict[str, list[str]], groups: frozenset[str], above: str, below: str
) -> None:
    more = {**includes, above: [*includes.get(above, []), below]}
    before = GroupHierarchy(includes)
    if above in before.expand(frozenset({below})):
        with pytest.raises(ConfigurationError, match="circle"):
            GroupHierarchy(more)
    else:
        assert before.expand(groups) <= GroupHierarchy(more).expand(groups)


@pytest.mark.parametrize(
    ("includes", "said"),
    [
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "a -> b -> c -> a goes in a circle"),
        ({"a": ["a"]}, "a -> a goes in a circle"),
        ({"public": ["team:payments"]}, "public"),
        ({"team:a": ["public"]}, "public"),
        ({"team:a": ["t\u0435am:b"]}, "not an ACL tag"),  # with a Cyrillic letter
        ({"no tag": []}, "not an ACL tag"),
        ({"team:a": "team:b"}, "list"),
    ],
)
def test_what_is_no_hierarchy_is_reported(includes: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        GroupHierarchy(includes)
