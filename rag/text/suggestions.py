"""The known name that is nearest to an unknown one, for error messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# Of difflib's similarity, from 0 to 1; a transposed or missing letter of a short word is above it.
_MIN_SIMILARITY = 0.6


def nearest(name: str, known: Iterable[str], min_similarity: float = _MIN_SIMILARITY) -> str | None:
    """The most similar of the known names, without regard to case; None where none is similar."""
    spelled = {one.casefold(): one for one in known}
    found = get_close_matches(name.casefold(), spelled, 1, min_similarity)
    return spelled[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error message: `; did you mean "candidates"?`, or nothing."""
    near = nearest(name, known)
    return f'; did you mean "{near}"?' if near else ""
