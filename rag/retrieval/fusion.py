"""Fusion of several signals into one ranking of documents, and of the chunks in each.

The scores of each signal are divided by its best score and added with weights. Scores carry more
information than ranks: on the benchmark this ranks the right document first more often than
reciprocal rank fusion (docs/benchmarks.md; Bruch, Gai, Ingber 2023, "An Analysis of Fusion
Functions for Hybrid Retrieval", reports the same). A document's score in a signal is that of its
best chunk, or of the whole document; a sum over its chunks would favour long documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rag.domain.search import Candidate, Contribution, Mode
from rag.indexing.chunk_keys import version_of

# Estimated score of a chunk missing from a full list, as a share of the list's last score.
_SHARE_BEYOND_CUT = 0.9
# Documents about an identifier of the question are placed among the first three.
_BOOSTED_RANKS = 3
_BOOST_MARGIN = 1.001


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal's weight, the modes that use it, and whether it scores whole documents."""

    weight: float
    modes: frozenset[Mode]
    of_documents: bool = False


_DENSE = frozenset({Mode.HYBRID, Mode.DENSE})
_LEXICAL = frozenset({Mode.HYBRID, Mode.LEXICAL})
SIGNALS: Mapping[str, Signal] = {
    "dense": Signal(0.6, _DENSE),
    "lexical": Signal(0.2, _LEXICAL),
    "pages": Signal(0.2, _LEXICAL, of_documents=True),
    "page_vectors": Signal(0.3, _DENSE, of_documents=True),
    "identifiers": Signal(0.3, _LEXICAL, of_documents=True),
}


def signals_with(weights: Mapping[str, float]) -> Mapping[str, Signal]:
    """The default signals with the given weights in place of their own."""
    return {
        name: replace(signal, weight=weights.get(name, signal.weight))
        for name, signal in SIGNALS.items()
    }


@dataclass(frozen=True, slots=True)
class RankedDocument:
    """A document's fused score, 0 to 1; 1 if it is the best by every signal."""

    version: int
    score: float


class Fusion:
    """Ranks every document that a signal found by the weighted sum of its scores."""

    def __init__(
        self,
        rankings: Mapping[str, Sequence[Candidate]],
        signals: Mapping[str, Signal] = SIGNALS,
    ) -> None:
        self._signals = {
            name: _NormalisedScores(name, signals[name], ranking)
            for name, ranking in rankings.items()
            if ranking
        }
        self._total = sum(signal.weight for signal in self._signals.values()) or 1.0
        self._keys = _chunk_keys(rankings)

    def ranked(self) -> list[RankedDocument]:
        """Best first; ties go to the older version."""
        points = self._points()
        documents = [
            RankedDocument(version, points[version] / self._total) for version in self._keys
        ]
        documents.sort(key=_best_first)
        return self._boost_identifier_matches(documents)

    def chunks(self, version: int) -> list[tuple[int, float]]:
        """A document's chunk keys, best first, each with its score relative to the best chunk."""
        signals = [signal for signal in self._signals.values() if not signal.of_documents]
        inside = [
            (key, sum(signal.weight * signal.share(key) for signal in signals))
            for key in self._keys[version]
        ]
        inside.sort(key=lambda item: (-item[1], item[0]))
        best = inside[0][1] or 1.0
        return [(key, points / best) for key, points in inside]

    def _boost_identifier_matches(self, documents: list[RankedDocument]) -> list[RankedDocument]:
        """Move the best documents about an identifier of the question into the first ranks."""
        matches = [one for one in documents if self._matches_identifier(one)][:_BOOSTED_RANKS]
        others = [one for one in documents if one not in matches]
        rest = others[_BOOSTED_RANKS - len(matches) :]
        if not matches or not rest:
            return documents
        minimum = rest[0].score * _BOOST_MARGIN
        boosted = [replace(one, score=max(one.score, minimum)) for one in matches]
        return sorted(boosted + others, key=_best_first)

    def _matches_identifier(self, document: RankedDocument) -> bool:
        signal = self._signals.get("identifiers")
        raw = signal.raw(document.version) if signal else None
        return raw is not None and raw >= 1.0

    def contributions(self, version: int) -> tuple[Contribution, ...]:
        """What each signal contributed to a document's score."""
        return tuple(
            Contribution(
                signal=name,
                rank=signal.rank(version),
                raw=signal.raw(version),
                points=signal.weight * signal.best(version) / self._total,
            )
            for name, signal in self._signals.items()
        )

    def _points(self) -> dict[int, float]:
        """Each document's weighted sum over the signals."""
        points = dict.fromkeys(self._keys, 0.0)
        for signal in self._signals.values():
            signal.add_to(points)
        return points


def _best_first(document: RankedDocument) -> tuple[float, int]:
    return (-document.score, document.version)


class _NormalisedScores:
    """One signal's scores divided by its best, by chunk and by document; negative scores are 0."""

    def __init__(self, name: str, signal: Signal, ranking: Sequence[Candidate]) -> None:
        self.weight, self.of_documents = signal.weight, signal.of_documents
        self._ranking = ranking
        top = max(candidate.score for candidate in ranking)
        self._scale = 1.0 / top if top > 0 else 1.0
        # The ranking is best first, so a document's first chunk is its best.
        self._by_version: dict[int, float] = {}
        for candidate in ranking:
            self._by_version.setdefault(version_of(candidate.chunk_key), candidate.score)
        # Every chunk has a cosine; that of a chunk beyond the cut is at most the last one's.
        beyond_cut = ranking[-1].score * _SHARE_BEYOND_CUT if name == "dense" else 0.0
        self._missing = max(0.0, beyond_cut)

    def share(self, key: int) -> float:
        """A chunk's score as a share of the signal's best, 0 to 1."""
        return max(0.0, self._by_key.get(key, self._missing)) * self._scale

    def best(self, version: int) -> float:
        """A document's score as a share of the signal's best, 0 to 1."""
        return max(0.0, self._by_version.get(version, self._missing)) * self._scale

    def add_to(self, points: dict[int, float]) -> None:
        """Add this signal's weighted share to each document of `points`."""
        by_version, missing, scale, weight = (
            self._by_version,
            self._missing,
            self._scale,
            self.weight,
        )
        for version in points:
            points[version] += weight * (max(0.0, by_version.get(version, missing)) * scale)

    def rank(self, version: int) -> int | None:
        """The first rank of the document in this signal; None if it was not found."""
        return self._rank.get(version)

    def raw(self, version: int) -> float | None:
        """The document's best score on the signal's own scale; None if it was not found."""
        return self._by_version.get(version)

    @cached_property
    def _by_key(self) -> dict[int, float]:
        return {candidate.chunk_key: candidate.score for candidate in self._ranking}

    @cached_property
    def _rank(self) -> dict[int, int]:
        ranks: dict[int, int] = {}
        for rank, candidate in enumerate(self._ranking, start=1):
            ranks.setdefault(version_of(candidate.chunk_key), rank)
        return ranks


def _chunk_keys(rankings: Mapping[str, Sequence[Candidate]]) -> dict[int, list[int]]:
    """Each document's chunks; a document signal's key counts only if no chunk signal found any."""
    found: dict[int, dict[int, None]] = {}
    named: dict[int, dict[int, None]] = {}
    for name, ranking in rankings.items():
        into = named if SIGNALS[name].of_documents else found
        for candidate in ranking:
            into.setdefault(version_of(candidate.chunk_key), {})[candidate.chunk_key] = None
    return {version: list(keys) for version, keys in {**named, **found}.items()}
