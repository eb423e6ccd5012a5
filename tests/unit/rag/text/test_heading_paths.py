"""A part of a chunk stands under its section's headings and those of the chunk, each once."""

from __future__ import annotations

import pytest

from rag.text.heading_paths import heading_path


@pytest.mark.parametrize(
    ("section", "inside", "path"),
    [
        ((), (), ()),
        (("Fix",), (), ("Fix",)),
        ((), ("Fix", "Roll back"), ("Fix", "Roll back")),
        (("Fix",), ("Roll back",), ("Fix", "Roll back")),
        (("Fix", "Roll back"), ("Fix", "Roll back"), ("Fix", "Roll back")),
        (("Fix", "Roll back"), ("Roll back", "By hand"), ("Fix", "Roll back", "By hand")),
        (("Fix", "The secret"), ("Fix", "The `secret`"), ("Fix", "The secret")),
        (("Fix", "Roll back"), ("Fix", "Wait"), ("Fix", "Roll back", "Fix", "Wait")),
    ],
)
def test_headings_that_a_chunk_begins_with_count_once(
    section: tuple[str, ...], inside: tuple[str, ...], path: tuple[str, ...]
) -> None:
    assert heading_path(section, inside) == path
