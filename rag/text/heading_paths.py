"""The headings that a part of a chunk stands under."""

from __future__ import annotations

from collections.abc import Sequence


def heading_path(section: Sequence[str], inside: Sequence[str]) -> tuple[str, ...]:
    """The heading path of a chunk's section, and the headings in the chunk that go on from it.

    A chunk may begin with headings that its section ends in, as they are written there.
    """
    theirs, own = [_letters(name) for name in section], [_letters(name) for name in inside]
    shared = next(
        count for count in range(min(len(own), len(theirs)), -1, -1)
        if own[:count] == theirs[len(theirs) - count :]
    )  # fmt: skip
    return (*section, *inside[shared:])


def _letters(name: str) -> str:
    """A heading without its markup and spacing."""
    return "".join(filter(str.isalnum, name.casefold()))
