"""The read path: a question and a principal to hits.

    access filter -> retrievers (each filtered) -> fusion -> second check -> collapse -> hits

A principal that may read nothing reaches no store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rag.acl import AccessFilter, access_filter
from rag.collapse import is_near_duplicate
from rag.domain import Candidate, Filters, Hit, IndexedChunk, Mode, Principal, Scores, SearchResult
from rag.freshness import DEFAULT_REVIEW_EVERY, freshness_of
from rag.fusion import reciprocal_rank_fusion
from rag.ports import ChunkReader, Retriever, SearchObserver

DEFAULT_K = 10
MAX_K = 100
# A change that lands between retrieval and the second check can hide a document for one attempt.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`candidates` is how many chunks each retriever offers, at least five for each hit asked."""

    candidates: int = 50
    review_every: timedelta = DEFAULT_REVIEW_EVERY


@dataclass(frozen=True, slots=True)
class _Found:
    """One attempt's candidates that passed the second check."""

    fused: Sequence[tuple[int, float]]
    chunks: dict[int, IndexedChunk]
    rankings: dict[str, list[Candidate]]


class SearchEngine:
    """Answers questions over one catalog."""

    def __init__(
        self,
        retrievers: Sequence[Retriever],
        catalog: ChunkReader,
        observer: SearchObserver,
        today: Callable[[], date],
        settings: SearchSettings | None = None,
    ) -> None:
        self._retrievers = tuple(retrievers)
        self._catalog = catalog
        self._observer = observer
        self._today = today
        self._settings = settings or SearchSettings()

    def search(
        self,
        question: str,
        *,
        principal: Principal,
        k: int = DEFAULT_K,
        filters: Filters | None = None,
        mode: Mode = Mode.HYBRID,
    ) -> SearchResult:
        """At most `k` hits that `principal` may read, best first."""
        started = time.perf_counter()
        hits = self._hits(question, access_filter(principal), k, filters or Filters(), mode)
        seconds = time.perf_counter() - started
        self._observer.searched(mode, seconds, len(hits))
        return SearchResult(hits, took_ms=round(seconds * 1000, 3))

    def _hits(
        self, question: str, access: AccessFilter, k: int, filters: Filters, mode: Mode
    ) -> tuple[Hit, ...]:
        if access.nothing or not question.strip() or k < 1:
            return ()
        found = self._find(question, access, max(self._settings.candidates, 5 * k), filters, mode)
        kept = _collapsed([(found.chunks[key], score) for key, score in found.fused], k)
        scores = {name: _by_key(ranking) for name, ranking in found.rankings.items()}
        return tuple(
            self._hit(rank, item, score, scores) for rank, (item, score) in enumerate(kept, start=1)
        )

    def _find(
        self, question: str, access: AccessFilter, limit: int, filters: Filters, mode: Mode
    ) -> _Found:
        for attempt in range(1, _ATTEMPTS + 1):
            changes = self._catalog.change_count()
            rankings = self._rankings(question, access, limit, filters, mode)
            fused = reciprocal_rank_fusion(rankings)
            chunks = self._catalog.fetch([key for key, _ in fused], access=access, filters=filters)
            dropped = [key for key, _ in fused if key not in chunks]
            if not dropped or attempt == _ATTEMPTS or self._catalog.change_count() == changes:
                break
        if dropped and (count := self._catalog.refused(dropped, access=access)):
            self._observer.refused(count)
        passed = [(key, score) for key, score in fused if key in chunks]
        return _Found(passed, chunks, rankings)

    def _rankings(
        self, question: str, access: AccessFilter, limit: int, filters: Filters, mode: Mode
    ) -> dict[str, list[Candidate]]:
        return {
            retriever.name: retriever.retrieve(
                question, access=access, filters=filters, limit=limit
            )
            for retriever in self._retrievers
            if mode in (Mode.HYBRID, retriever.name)
        }

    def _hit(
        self, rank: int, item: IndexedChunk, score: float, scores: dict[str, dict[int, float]]
    ) -> Hit:
        document = item.document
        return Hit(
            rank=rank,
            chunk=item.chunk,
            document=document,
            score=round(score, 6),
            scores=Scores(
                dense=scores.get("dense", {}).get(item.key),
                lexical=scores.get("lexical", {}).get(item.key),
            ),
            freshness=freshness_of(
                document.metadata, document.updated_at, self._today(), self._settings.review_every
            ),
        )


def _by_key(ranking: Sequence[Candidate]) -> dict[int, float]:
    return {candidate.chunk_key: round(candidate.score, 6) for candidate in ranking}


def _collapsed(
    ranked: Sequence[tuple[IndexedChunk, float]], k: int
) -> list[tuple[IndexedChunk, float]]:
    kept: list[tuple[IndexedChunk, float]] = []
    for item, score in ranked:
        if len(kept) == k:
            break
        if not any(is_near_duplicate(item.chunk, other.chunk) for other, _ in kept):
            kept.append((item, score))
    return kept
