"""The read path: a question and a principal to hits.

    access filter -> retrievers (each filtered) -> second check -> fusion -> priors
        -> passages (read under the same check) -> reranker, where there is one -> hits

A principal that may read nothing reaches no store.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rag.access.acl import AccessFilter, access_filter
from rag.domain.access import Principal
from rag.domain.documents import FreshnessStatus, IndexedChunk
from rag.domain.search import (
    Candidate,
    CandidatePage,
    Explanation,
    Filters,
    Hit,
    Mode,
    Scores,
    SearchResult,
)
from rag.indexing.chunk_keys import version_of
from rag.ports import ChunkReader, PageBook, PageScorer, Reranker, Retriever, SearchObserver
from rag.retrieval.freshness import DEFAULT_REVIEW_EVERY, freshness_of, status_of
from rag.retrieval.fusion import Fusion, RankedPage, lanes_with
from rag.retrieval.near_duplicates import is_near_duplicate
from rag.retrieval.priors import with_priors
from rag.retrieval.relevance import Compared, answers

DEFAULT_K = 10
MAX_K = 100
# A change that lands between retrieval and the second check can hide a document for one attempt.
_ATTEMPTS = 3
# One page fills no list: a second passage of it stands behind pages nearly as good.
_PASSAGES_OF_A_PAGE = 2
_SECOND_PASSAGE = 0.75
# A search keeps a core busy. More at once than there are cores take turns at every step instead of
# once, and all of them end later (docs/benchmarks.md).
_AT_ONCE = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`candidates` is how many each retriever offers, at least five for each hit asked.

    `reranked` is how many passages a reranker sees; `weights` replaces those of some lanes.
    """

    candidates: int = 100
    reranked: int = 20
    review_every: timedelta = DEFAULT_REVIEW_EVERY
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question with everything that narrows it."""

    question: str
    access: AccessFilter
    filters: Filters
    mode: Mode
    k: int


@dataclass(frozen=True, slots=True)
class _Passage:
    """A chunk that passed the second check, with its place in the ranking."""

    item: IndexedChunk
    score: float
    explanation: Explanation
    superseded_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """One attempt: passages best first, what the retrievers said, and whether nothing was lost."""

    passages: Sequence[_Passage]
    rankings: Mapping[str, Sequence[Candidate]]
    missing: frozenset[int]


class SearchEngine:
    """Answers questions over one catalog."""

    def __init__(
        self,
        retrievers: Sequence[Retriever],
        page_scorers: Sequence[PageScorer],
        page_book: PageBook,
        catalog: ChunkReader,
        observer: SearchObserver,
        today: Callable[[], date],
        settings: SearchSettings | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self._retrievers = tuple(retrievers)
        self._page_scorers = tuple(page_scorers)
        self._page_book = page_book
        self._catalog = catalog
        self._observer = observer
        self._today = today
        self._settings = settings or SearchSettings()
        self._lanes = lanes_with(self._settings.weights)
        named = {one.name for one in self._retrievers} | {one.name for one in self._page_scorers}
        if lost := named - self._lanes.keys():
            raise ValueError(
                f"these retrievers have no lane in rag/retrieval/fusion.py: {sorted(lost)}"
            )
        self._reranker = reranker
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._beside = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="retriever")

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
        asked = _Asked(question, access_filter(principal), filters or Filters(), mode, k)
        hits: tuple[Hit, ...] = ()
        no_result = True
        if not asked.access.nothing and question.strip() and k >= 1:
            with self._turns:
                found = self._find(asked)
                hits = self._hits(asked, found)
            no_result = _nothing_answers(asked, hits, found.rankings)
        seconds = time.perf_counter() - started
        self._observer.searched(mode, seconds, no_result)
        return SearchResult(hits, took_ms=round(seconds * 1000, 3), no_result=no_result)

    def _find(self, asked: _Asked) -> _Found:
        for _ in range(_ATTEMPTS):
            changes = self._catalog.change_count()
            found = self._attempt(asked)
            if not found.missing or self._catalog.change_count() == changes:
                break
        if found.missing:
            refused = self._catalog.refused(sorted(found.missing), access=asked.access)
            if refused:
                self._observer.refused(refused)
        return found

    def _attempt(self, asked: _Asked) -> _Found:
        rankings = self._rankings(asked)
        found = {version_of(key) for key in _keys(rankings)}
        pages = self._page_book.pages(sorted(found), access=asked.access)
        if len(pages) < len(found):
            rankings = {name: _of_pages(ranking, pages) for name, ranking in rankings.items()}
        for scorer in self._page_scorers:
            if asked.mode in self._lanes[scorer.name].modes:
                rankings[scorer.name] = scorer.score(asked.question, list(pages))
        fusion = Fusion(rankings, self._lanes)
        ranked = fusion.ranked()
        preferred = with_priors(ranked, pages, self._statuses(pages))
        shortlist = _shortlist(fusion, preferred, self._depth(asked))
        items = self._catalog.fetch(
            [key for key, _, _ in shortlist], access=asked.access, filters=asked.filters
        )
        passages = [
            _Passage(
                items[key],
                page.score * share,
                _explained(fusion, page, share),
                tuple(sorted(pages[page.version].superseded_by.values())),
            )
            for key, page, share in shortlist
            if key in items
        ]
        unread = {version_of(key) for key, _, _ in shortlist if key not in items}
        return _Found(passages, rankings, frozenset((found - pages.keys()) | unread))

    def _rankings(self, asked: _Asked) -> dict[str, Sequence[Candidate]]:
        wanted = [one for one in self._retrievers if asked.mode in self._lanes[one.name].modes]
        # The first, which waits for a model, runs beside the others, which wait for a database.
        first = self._beside.submit(self._retrieve, wanted[0], asked)
        others = {retriever.name: self._retrieve(retriever, asked) for retriever in wanted[1:]}
        return {wanted[0].name: first.result(), **others}

    def _retrieve(self, retriever: Retriever, asked: _Asked) -> Sequence[Candidate]:
        limit = max(self._settings.candidates, 5 * asked.k)
        return retriever.retrieve(
            asked.question, access=asked.access, filters=asked.filters, limit=limit
        )

    def _statuses(self, pages: Mapping[int, CandidatePage]) -> dict[int, FreshnessStatus]:
        today, every = self._today(), self._settings.review_every
        return {
            version: status_of(page.last_reviewed, page.review_every, today, every)
            for version, page in pages.items()
        }

    def _depth(self, asked: _Asked) -> int:
        # Near-duplicates fall out behind the cut, so a few more are read than are shown.
        needed = asked.k + asked.k // 2 + 2
        return max(needed, self._settings.reranked) if self._reranker else needed

    def _hits(self, asked: _Asked, found: _Found) -> tuple[Hit, ...]:
        passages, judged = self._reranked(asked, found.passages)
        kept = _collapsed(passages, asked.k)
        raw = {name: _by_key(found.rankings.get(name, ())) for name in ("dense", "lexical")}
        return tuple(
            self._hit(rank, passage, raw, judged.get(passage.item.key))
            for rank, passage in enumerate(kept, start=1)
        )

    def _reranked(
        self, asked: _Asked, passages: Sequence[_Passage]
    ) -> tuple[Sequence[_Passage], dict[int, float]]:
        """The passages in the reranker's order, with what it gave each."""
        if self._reranker is None or not passages:
            return passages, {}
        texts = [passage.item.chunk.embedded_text for passage in passages]
        scores = self._reranker.scores(asked.question, texts)
        again = [
            replace(passage, score=score * passage.explanation.prior)
            for passage, score in zip(passages, scores, strict=True)
        ]
        judged = {
            passage.item.key: round(score, 6)
            for passage, score in zip(passages, scores, strict=True)
        }
        return sorted(again, key=lambda passage: -passage.score), judged

    def _hit(
        self,
        rank: int,
        passage: _Passage,
        raw: Mapping[str, Mapping[int, float]],
        judged: float | None,
    ) -> Hit:
        key, document = passage.item.key, passage.item.document
        return Hit(
            rank=rank,
            chunk=passage.item.chunk,
            document=document,
            score=round(passage.score, 6),
            scores=Scores(
                dense=_rounded(raw["dense"].get(key)),
                lexical=_rounded(raw["lexical"].get(key)),
                rerank=judged,
            ),
            freshness=freshness_of(
                document.metadata, document.updated_at, self._today(), self._settings.review_every
            ),
            explanation=passage.explanation,
            superseded_by=passage.superseded_by,
        )


def _keys(rankings: Mapping[str, Sequence[Candidate]]) -> Iterable[int]:
    return (candidate.chunk_key for ranking in rankings.values() for candidate in ranking)


def _of_pages(ranking: Sequence[Candidate], pages: Mapping[int, CandidatePage]) -> list[Candidate]:
    return [candidate for candidate in ranking if version_of(candidate.chunk_key) in pages]


def _by_key(ranking: Sequence[Candidate]) -> dict[int, float]:
    return {candidate.chunk_key: candidate.score for candidate in ranking}


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 6)


def _shortlist(
    fusion: Fusion, pages: Sequence[RankedPage], depth: int
) -> list[tuple[int, RankedPage, float]]:
    """The best passages over all pages, a few of each: key, page, and share of the page's score."""
    # No passage of a page scores above it, so that pages beyond the depth cannot enter.
    found = [
        (key, page, share * _SECOND_PASSAGE**place)
        for page in pages[:depth]
        for place, (key, share) in enumerate(fusion.passages(page.version)[:_PASSAGES_OF_A_PAGE])
    ]
    return sorted(found, key=lambda item: -item[1].score * item[2])[:depth]


def _explained(fusion: Fusion, page: RankedPage, share: float) -> Explanation:
    told = fusion.contributions(page.version)
    points = sum(lane.points for lane in told)
    return Explanation(told, page.score / points if points else 1.0, page.score, share)


def _collapsed(ranked: Sequence[_Passage], k: int) -> list[_Passage]:
    kept: list[_Passage] = []
    for passage in ranked:
        if len(kept) == k:
            break
        if not any(is_near_duplicate(passage.item.chunk, other.item.chunk) for other in kept):
            kept.append(passage)
    return kept


def _nothing_answers(
    asked: _Asked, hits: Sequence[Hit], rankings: Mapping[str, Sequence[Candidate]]
) -> bool:
    """Whether the best hits are too far from the question to be an answer to it."""
    dense = rankings.get("dense")
    if not hits or not dense or rankings.get("identifiers"):
        return not hits
    unseen = dense[-1].score  # a passage that dense search cut off is no nearer than its last
    found = [Compared(_texts(hit), hit.scores.dense or unseen) for hit in hits]
    return not answers(asked.question, found)


def _texts(hit: Hit) -> list[str]:
    about = hit.document
    return [about.metadata.title, about.path, *hit.chunk.section, hit.chunk.text]
