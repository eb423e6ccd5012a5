"""From ranked chunks to the hits that a search returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from rag.addresses.site_rules import SiteRules
from rag.domain.documents import IndexedChunk
from rag.domain.search import Candidate, Explanation, Hit, Scores
from rag.retrieval.assessment import Assessed
from rag.retrieval.evidence import Evidence
from rag.retrieval.freshness import freshness_of
from rag.retrieval.near_duplicates import is_near_duplicate


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chunk that passed the second check, with its score and the reason for it."""

    item: IndexedChunk
    score: float
    explanation: Explanation
    superseded_by: tuple[str, ...]
    siblings: tuple[str, ...] = ()


def without_near_duplicates(ranked: Sequence[RankedChunk], k: int) -> list[RankedChunk]:
    """The first `k` chunks of which none repeats an earlier one."""
    kept: list[RankedChunk] = []
    for one in ranked:
        if len(kept) == k:
            break
        if not any(is_near_duplicate(one.item.chunk, other.item.chunk) for other in kept):
            kept.append(one)
    return kept


def hits_of(
    ranked: Sequence[RankedChunk],
    rankings: Mapping[str, Sequence[Candidate]],
    reranked: Mapping[int, float],
    today: date,
    review_every: timedelta,
    assessed: Sequence[Assessed],
) -> tuple[Hit, ...]:
    """The hits in their order; `rankings` are by retriever, `reranked` are scores by chunk key.

    `assessed` has the confidence of each of `ranked`, or of more.
    """
    dense, lexical = (_by_key(rankings.get(name, ())) for name in ("dense", "lexical"))
    return tuple(
        Hit(
            rank=rank,
            chunk=one.item.chunk,
            document=one.item.document,
            score=round(one.score, 6),
            scores=Scores(
                dense=_rounded(dense.get(one.item.key)),
                lexical=_rounded(lexical.get(one.item.key)),
                rerank=reranked.get(one.item.key),
            ),
            freshness=freshness_of(
                one.item.document.metadata, one.item.document.updated_at, today, review_every
            ),
            explanation=_with_evidence(one.explanation, judged.evidence),
            superseded_by=one.superseded_by,
            siblings=one.siblings,
            confidence=judged.confidence,
            probability=judged.probability,
        )
        for rank, (one, judged) in enumerate(zip(ranked, assessed, strict=False), start=1)
    )


def _with_evidence(explanation: Explanation, evidence: Evidence | None) -> Explanation:
    return replace(explanation, evidence=asdict(evidence)) if evidence else explanation


def with_section_url(hit: Hit, sites: Mapping[str, SiteRules]) -> Hit:
    """The hit with the URL of its section; `sites` are the rules of each source, by its name."""
    document, rules = hit.document, sites.get(hit.document.source)
    url = document.metadata.url
    if rules is not None:
        section = hit.chunk.section
        declared = dict(document.anchors).get(section[-1], "") if section else ""
        url = rules.section_url(url, document.path, document.revision, section, declared)
    return replace(hit, url=url)


def _by_key(ranking: Sequence[Candidate]) -> dict[int, float]:
    return {candidate.chunk_key: candidate.score for candidate in ranking}


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 6)
