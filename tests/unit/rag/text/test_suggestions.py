"""The nearest known name for an error message."""

from __future__ import annotations

import pytest

from rag.text.suggestions import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "near"),
    [("candidats", "candidates"), ("Serch", "search"), ("zebra", None), ("", None)],
)
def test_the_nearest_name_is_found_where_one_is_near(name: str, near: str | None) -> None:
    assert nearest(name, ["candidates", "search", "server"]) == near


def test_a_suggestion_keeps_the_spelling_of_the_known_name() -> None:
    assert did_you_mean("checkout-apy", ["Checkout-API"]) == '; did you mean "Checkout-API"?'
    assert did_you_mean("zebra", ["Checkout-API"]) == ""
