"""Cursors come back as they were given; anything else is refused."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from api.http import cursor

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@settings(max_examples=100)
@given(NAMES, NAMES)
def test_a_cursor_comes_back_as_it_was_given(source: str, path: str) -> None:
    made = cursor.encode((source, path))
    assert cursor.decode(made) == (source, path)
    assert made.replace("-", "").replace("_", "").isalnum()


@settings(max_examples=100)
@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True))
def test_any_other_text_is_refused_with_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        source, path = cursor.decode(text)
        assert isinstance(source, str)
        assert isinstance(path, str)
