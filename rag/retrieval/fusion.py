"""Merging what several retrievers found into one ranking of pages, and of passages in them.

Each lane's scores are divided by the lane's best, and added up by weight. Scores say more than
ranks do: on the benchmark this finds the right page more often than reciprocal rank fusion
(docs/benchmarks.md; Bruch, Gai, Ingber 2023, "An Analysis of Fusion Functions for Hybrid
Retrieval", found the same). A page is judged by its best passage in each lane and by the page as
a whole; a sum over its passages would favour long pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rag.domain.search import Candidate, Contribution, Mode
from rag.indexing.chunk_keys import version_of

# A passage that a full list does not hold scores below the list's last, by how much is unknown.
_BEYOND_THE_CUT = 0.9
# A question that names what a page is about finds it among the first three.
_TOP = 3
_ABOVE = 1.001


@dataclass(frozen=True, slots=True)
class Lane:
    """How much a retriever's word counts, in which modes, and whether it is of whole pages."""

    weight: float
    modes: frozenset[Mode]
    of_pages: bool = False


_DENSE = frozenset({Mode.HYBRID, Mode.DENSE})
_LEXICAL = frozenset({Mode.HYBRID, Mode.LEXICAL})
LANES: Mapping[str, Lane] = {
    "dense": Lane(0.6, _DENSE),
    "lexical": Lane(0.2, _LEXICAL),
    "pages": Lane(0.2, _LEXICAL, of_pages=True),
    "page_vectors": Lane(0.3, _DENSE, of_pages=True),
    "identifiers": Lane(0.3, _LEXICAL, of_pages=True),
}


def lanes_with(weights: Mapping[str, float]) -> Mapping[str, Lane]:
    """The lanes, some of them with another weight."""
    return {
        name: replace(lane, weight=weights.get(name, lane.weight)) for name, lane in LANES.items()
    }


@dataclass(frozen=True, slots=True)
class RankedPage:
    """A page's score, 1 when it is best everywhere."""

    version: int
    score: float


class Fusion:
    """Every page that a lane found, by the weighted sum of its lanes; it remembers the parts."""

    def __init__(
        self,
        rankings: Mapping[str, Sequence[Candidate]],
        lanes: Mapping[str, Lane] = LANES,
    ) -> None:
        self._lanes = {
            name: _Shares(name, lanes[name], ranking)
            for name, ranking in rankings.items()
            if ranking
        }
        self._total = sum(lane.weight for lane in self._lanes.values()) or 1.0
        self._keys = _passages(rankings)

    def ranked(self) -> list[RankedPage]:
        """Best first; ties go to the older version."""
        points = self._points()
        pages = [RankedPage(version, points[version] / self._total) for version in self._keys]
        pages.sort(key=_best_first)
        return self._with_the_asked_for(pages)

    def passages(self, version: int) -> list[tuple[int, float]]:
        """A page's chunk keys, best first, each with its share of the best passage's score."""
        lanes = [lane for lane in self._lanes.values() if not lane.of_pages]
        inside = [
            (key, sum(lane.weight * lane.share(key) for lane in lanes))
            for key in self._keys[version]
        ]
        inside.sort(key=lambda item: (-item[1], item[0]))
        best = inside[0][1] or 1.0
        return [(key, points / best) for key, points in inside]

    def _with_the_asked_for(self, pages: list[RankedPage]) -> list[RankedPage]:
        """The first few pages about an identifier that names few, lifted above the rest."""
        asked_for = [page for page in pages if self._is_asked_for(page)][:_TOP]
        others = [page for page in pages if page not in asked_for]
        rest = others[_TOP - len(asked_for) :]
        if not asked_for or not rest:
            return pages
        line = rest[0].score * _ABOVE
        lifted = [replace(page, score=max(page.score, line)) for page in asked_for]
        return sorted(lifted + others, key=_best_first)

    def _is_asked_for(self, page: RankedPage) -> bool:
        lane = self._lanes.get("identifiers")
        raw = lane.raw(page.version) if lane else None
        return raw is not None and raw >= 1.0

    def contributions(self, version: int) -> tuple[Contribution, ...]:
        """What each lane gave a page."""
        return tuple(
            Contribution(
                lane=name,
                rank=lane.rank(version),
                raw=lane.raw(version),
                points=lane.weight * lane.best(version) / self._total,
            )
            for name, lane in self._lanes.items()
        )

    def _points(self) -> dict[int, float]:
        """Each page's weighted sum over the lanes."""
        points = dict.fromkeys(self._keys, 0.0)
        for lane in self._lanes.values():
            lane.add_to(points)
        return points


def _best_first(page: RankedPage) -> tuple[float, int]:
    return (-page.score, page.version)


class _Shares:
    """One lane's scores as shares of its best, by passage and by page; below zero is zero."""

    def __init__(self, name: str, lane: Lane, ranking: Sequence[Candidate]) -> None:
        self.weight, self.of_pages = lane.weight, lane.of_pages
        self._ranking = ranking
        top = max(candidate.score for candidate in ranking)
        self._scale = 1.0 / top if top > 0 else 1.0
        # Best first, so that a page's first passage is its best.
        self._of_page: dict[int, float] = {}
        for candidate in ranking:
            self._of_page.setdefault(version_of(candidate.chunk_key), candidate.score)
        # Every passage has a cosine, and one that was cut off is no nearer than the last one.
        cut_off = ranking[-1].score * _BEYOND_THE_CUT if name == "dense" else 0.0
        self._missing = max(0.0, cut_off)

    def share(self, key: int) -> float:
        """What a passage has of the lane's best, 0 to 1."""
        return max(0.0, self._of_key.get(key, self._missing)) * self._scale

    def best(self, version: int) -> float:
        """What a page has of the lane's best, by its best passage where the lane is of those."""
        return max(0.0, self._of_page.get(version, self._missing)) * self._scale

    def add_to(self, points: dict[int, float]) -> None:
        """Add what the lane gives each page of `points`."""
        of_page, missing, scale, weight = self._of_page, self._missing, self._scale, self.weight
        for version in points:
            points[version] += weight * (max(0.0, of_page.get(version, missing)) * scale)

    def rank(self, version: int) -> int | None:
        """Where the lane found the page first; None where it did not."""
        return self._rank.get(version)

    def raw(self, version: int) -> float | None:
        """The page's best score in the lane's own terms."""
        return self._of_page.get(version)

    @cached_property
    def _of_key(self) -> dict[int, float]:
        return {candidate.chunk_key: candidate.score for candidate in self._ranking}

    @cached_property
    def _rank(self) -> dict[int, int]:
        ranks: dict[int, int] = {}
        for rank, candidate in enumerate(self._ranking, start=1):
            ranks.setdefault(version_of(candidate.chunk_key), rank)
        return ranks


def _passages(rankings: Mapping[str, Sequence[Candidate]]) -> dict[int, list[int]]:
    """Each page's chunks; what a page lane names counts for pages that no other lane found."""
    found: dict[int, dict[int, None]] = {}
    named: dict[int, dict[int, None]] = {}
    for name, ranking in rankings.items():
        into = named if LANES[name].of_pages else found
        for candidate in ranking:
            into.setdefault(version_of(candidate.chunk_key), {})[candidate.chunk_key] = None
    return {version: list(keys) for version, keys in {**named, **found}.items()}
