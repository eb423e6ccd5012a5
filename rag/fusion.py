"""Merging what several retrievers found into one ranking of pages, and of passages in them.

Each lane's scores are divided by the lane's best, and added up by weight. Scores say more than
ranks do: on the benchmark this finds the right page more often than reciprocal rank fusion
(docs/benchmarks.md; Bruch, Gai, Ingber 2023, "An Analysis of Fusion Functions for Hybrid
Retrieval", found the same). A page is judged by its best passage in each lane and by the page as
a whole; a sum over its passages would favour long pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.domain import Candidate, Contribution
from rag.indexing import version_of

# A passage that a full list does not hold scores below the list's last, by how much is unknown.
_BEYOND_THE_CUT = 0.9


@dataclass(frozen=True, slots=True)
class Lane:
    """How much a retriever's word counts, and whether it speaks of passages or of whole pages."""

    weight: float
    of_pages: bool = False


LANES: Mapping[str, Lane] = {
    "dense": Lane(0.6),
    "lexical": Lane(0.2),
    "pages": Lane(0.2, of_pages=True),
    "page_vectors": Lane(0.3, of_pages=True),
    "identifiers": Lane(0.3, of_pages=True),
}


@dataclass(frozen=True, slots=True)
class RankedPage:
    """A page's score, 1 when it is best everywhere, and its passages, best first.

    A passage is its chunk key with its share of the best passage's score.
    """

    version: int
    score: float
    passages: tuple[tuple[int, float], ...]
    contributions: tuple[Contribution, ...]


def fuse(rankings: Mapping[str, Sequence[Candidate]]) -> list[RankedPage]:
    """Pages by the weighted sum of their lanes, best first; ties go to the older version.

    A candidate of a page lane stands for its page, whichever of its chunks it names.
    """
    lanes = {name: _Scored(LANES[name], ranking) for name, ranking in rankings.items() if ranking}
    total = sum(lane.lane.weight for lane in lanes.values()) or 1.0
    pages = [
        _page(version, inside, lanes, total) for version, inside in _passages(rankings).items()
    ]
    return sorted(pages, key=lambda page: (-page.score, page.version))


def _passages(rankings: Mapping[str, Sequence[Candidate]]) -> dict[int, set[int]]:
    """Each page's chunks; what a page lane names counts for pages that no other lane found."""
    found: dict[int, set[int]] = {}
    named: dict[int, set[int]] = {}
    for name, ranking in rankings.items():
        into = named if LANES[name].of_pages else found
        for candidate in ranking:
            into.setdefault(version_of(candidate.chunk_key), set()).add(candidate.chunk_key)
    return {**named, **found}


class _Scored:
    """One lane's scores as shares of its best."""

    def __init__(self, lane: Lane, ranking: Sequence[Candidate]) -> None:
        self.lane = lane
        best = max(candidate.score for candidate in ranking) or 1.0
        self._raw: dict[int, float] = {}
        self._rank: dict[int, int] = {}
        for rank, candidate in enumerate(ranking, start=1):
            place = self._place(candidate.chunk_key)
            self._rank.setdefault(place, rank)
            self._raw[place] = max(candidate.score, self._raw.get(place, candidate.score))
        self._best = best
        # Every passage has a cosine, and one that was cut off is no more than the last one's.
        dense = ranking[0].retriever == "dense"
        self._missing = ranking[-1].score / best * _BEYOND_THE_CUT if dense else 0.0

    def share(self, key: int) -> float:
        """Of the lane's best, at most 1; below zero counts as zero."""
        raw = self._raw.get(self._place(key))
        return max(0.0, self._missing if raw is None else raw / self._best)

    def contribution(self, name: str, keys: set[int], total: float) -> Contribution:
        told = max(keys, key=lambda key: (self.share(key), -key))
        place = self._place(told)
        return Contribution(
            lane=name,
            rank=self._rank.get(place),
            raw=self._raw.get(place),
            points=self.lane.weight * self.share(told) / total,
        )

    def _place(self, key: int) -> int:
        return version_of(key) if self.lane.of_pages else key


def _page(version: int, keys: set[int], lanes: Mapping[str, _Scored], total: float) -> RankedPage:
    told = tuple(lane.contribution(name, keys, total) for name, lane in lanes.items())
    inside = {
        key: sum(lane.lane.weight * lane.share(key) for lane in lanes.values() if _of_chunks(lane))
        for key in keys
    }
    best = max(inside.values()) or 1.0
    ordered = sorted(inside.items(), key=lambda item: (-item[1], item[0]))
    return RankedPage(
        version=version,
        score=sum(contribution.points for contribution in told),
        passages=tuple((key, score / best) for key, score in ordered),
        contributions=told,
    )


def _of_chunks(lane: _Scored) -> bool:
    return not lane.lane.of_pages
