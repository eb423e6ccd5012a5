"""The words of a question are marked in what is shown, and nothing else of the text changes."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from api.web.matching import words_of


def test_inflections_are_marked_and_frequent_words_are_not() -> None:
    matches = words_of("how do I restart the broker?")
    assert matches.marked("Restarting the Brokers") == (
        "<mark>Restarting</mark> the <mark>Brokers</mark>"
    )


def test_text_is_escaped_inside_and_outside_of_marks() -> None:
    assert words_of("b").marked("<b>") == "&lt;b&gt;"
    assert words_of("script").marked("<script>") == "&lt;<mark>script</mark>&gt;"


@given(st.text(), st.text())
def test_marking_keeps_the_text(question: str, text: str) -> None:
    marked = words_of(question).marked(text)
    assert unescape(re.sub(r"</?mark>", "", marked)) == unescape(unescape(text)) or (
        re.sub(r"</?mark>", "", marked) == words_of("").marked(text)
    )
