"""Merging the rankings of several retrievers into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.domain import Candidate

# Cormack, Clarke, Büttcher (SIGIR 2009), "Reciprocal Rank Fusion outperforms Condorcet…", k = 60.
RRF_K = 60


def reciprocal_rank_fusion(
    rankings: Mapping[str, Sequence[Candidate]],
    weights: Mapping[str, float] | None = None,
    k: int = RRF_K,
) -> list[tuple[int, float]]:
    """Chunk keys with their fused score, best first, scaled so that first everywhere is 1.

    score(chunk) = Σ weight / (k + rank), rank from 1, over the rankings that found it. Ties go to
    the lower key, so that the order is deterministic.
    """
    weight_of = {name: (weights or {}).get(name, 1.0) for name in rankings}
    best = sum(weight_of.values()) / (k + 1)
    scores: dict[int, float] = {}
    for name, ranking in rankings.items():
        for rank, candidate in enumerate(ranking, start=1):
            gain = weight_of[name] / (k + rank)
            scores[candidate.chunk_key] = scores.get(candidate.chunk_key, 0.0) + gain
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return [(key, score / best) for key, score in ordered]
