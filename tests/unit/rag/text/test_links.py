"""Markdown links and images are found as they are written, in linear time."""

from __future__ import annotations

import pytest

from rag.text.links import Link, replace_links
from tests.growth import superlinear


def labelled(text: str) -> str:
    return replace_links(text, lambda link: link.label)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [the page](https://x.example/a) now.", "See the page now."),
        ("![a graph](g.png) and [b](c)", "a graph and b"),
        ("[a [b](c)", "[a b"),
        ("[a](b\nc)", "[a](b\nc)"),
        ("[a](b [c](d)", "a"),
        ("[a] (b)", "[a] (b)"),
        ("[a](", "[a]("),
        ("[]()", ""),
    ],
)
def test_links_are_replaced_by_what_is_asked_for(text: str, shown: str) -> None:
    assert labelled(text) == shown


def test_a_link_knows_its_parts() -> None:
    link = Link('![a](b.png "c")', "a", 'b.png "c"', is_image=True)
    assert replace_links(link.source, lambda found: repr(found == link)) == "True"
    assert link.destination == "b.png"


@pytest.mark.parametrize("unit", ["[a](", "![a](", "[", "](", "[a]", "[a](b)", "[a]( ", "[a](\n"])
def test_time_grows_linearly_with_the_text(unit: str) -> None:
    assert superlinear(labelled, lambda length: unit * (length // len(unit))) is None
