"""Pages that say nearly the same, found by the runs of words that they share."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

_WORD = re.compile(r"\w+")
_RUN = 5
# A run of words on more pages than this is a team's boilerplate, and no sign of a copy.
_MAX_PAGES = 20
# Fewer runs than this are a stub: two stubs are alike and no harm.
_FEWEST_RUNS = 40

Pair = tuple[int, int]


def shared_runs(texts: Sequence[str]) -> Mapping[Pair, float]:
    """For each pair of texts that share any, their common runs as a share of the shorter one's."""
    runs = [_runs(text) for text in texts]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, inside in enumerate(runs):
        for run in inside:
            holders[run].append(number)
    common = Counter(_pairs(holders))
    return {
        (one, other): count / min(len(runs[one]), len(runs[other]))
        for (one, other), count in common.items()
        if min(len(runs[one]), len(runs[other])) >= _FEWEST_RUNS
    }


def _pairs(holders: Mapping[tuple[str, ...], Sequence[int]]) -> Iterator[Pair]:
    for pages in holders.values():
        if 1 < len(pages) <= _MAX_PAGES:
            yield from combinations(pages, 2)


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return frozenset(tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))
