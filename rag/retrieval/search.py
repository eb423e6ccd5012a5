"""The read path: from a question and a principal to hits.

    access filter -> retrievers (each filtered) -> fusion -> priors
        -> chunks (read under the second check) -> reranker, if configured -> hits

A principal that may read nothing gets an empty result here; no retriever or store is called.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rag.access.acl import AccessFilter, access_filter
from rag.addresses.site_rules import SiteRules
from rag.domain.documents import FreshnessStatus
from rag.domain.search import (
    Candidate,
    CandidateDocument,
    Explanation,
    Hit,
    SearchQuery,
    SearchResult,
)
from rag.indexing.chunk_keys import version_of
from rag.ports import (
    ChunkReader,
    DocumentFeatureReader,
    DocumentScorer,
    Question,
    Reranker,
    Retriever,
    SearchObserver,
)
from rag.retrieval.assessment import DECISIVE, Assessor
from rag.retrieval.contrasts import without_contrary
from rag.retrieval.freshness import DEFAULT_REVIEW_EVERY, status_of
from rag.retrieval.fusion import Fusion, RankedDocument, signals_with
from rag.retrieval.hits import (
    RankedChunk,
    hits_of,
    with_section_url,
    without_near_duplicates,
)
from rag.retrieval.pasted_text import asked_by
from rag.retrieval.priors import with_priors
from rag.retrieval.siblings import without_siblings
from rag.retrieval.spelling import SpellingCorrector
from rag.retrieval.stages import StageTimes

# A commit between retrieval and the second check can hide a document from one attempt.
_ATTEMPTS = 3
# A document contributes at most two chunks, the second with a lower score, so that one document
# does not fill the list.
_MAX_CHUNKS = 2
_SECOND_CHUNK_WEIGHT = 0.75


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`candidates` is the limit of each retriever, raised to five for each requested hit.

    `reranked` is the number of chunks passed to the reranker; `weights` overrides the weights of
    signals by name. `sites` are the rules for the URLs of each source's documents, by its name.
    `concurrent` is how many searches run at once: each uses a full core, and with more searches
    than cores all of them take longer (docs/benchmarks.md).
    """

    candidates: int = 100
    reranked: int = 20
    review_every: timedelta = DEFAULT_REVIEW_EVERY
    weights: Mapping[str, float] = field(default_factory=dict)
    sites: Mapping[str, SiteRules] = field(default_factory=dict)
    concurrent: int = field(default_factory=_cores)


@dataclass(frozen=True, slots=True)
class _Search:
    """A query with its question's vector, its access filter, and the times of its stages."""

    query: SearchQuery
    question: Question
    access: AccessFilter
    times: StageTimes


@dataclass(frozen=True, slots=True)
class _Found:
    """One attempt: chunks best first, rankings, and the versions that failed the check."""

    chunks: Sequence[RankedChunk]
    rankings: Mapping[str, Sequence[Candidate]]
    missing: frozenset[int]


class SearchEngine:
    """Answers questions over one catalog."""

    def __init__(
        self,
        retrievers: Sequence[Retriever],
        document_scorers: Sequence[DocumentScorer],
        document_features: DocumentFeatureReader,
        catalog: ChunkReader,
        observer: SearchObserver,
        today: Callable[[], date],
        assessor: Assessor,
        settings: SearchSettings | None = None,
        reranker: Reranker | None = None,
        spelling: SpellingCorrector | None = None,
    ) -> None:
        self._retrievers = tuple(retrievers)
        self._document_scorers = tuple(document_scorers)
        self._document_features = document_features
        self._catalog = catalog
        self._observer = observer
        self._today = today
        self._assessor = assessor
        self._settings = settings or SearchSettings()
        self._signals = signals_with(self._settings.weights)
        named = {one.name for one in self._retrievers} | {
            one.name for one in self._document_scorers
        }
        if unknown := named - self._signals.keys():
            raise ValueError(
                f"these retrievers have no signal in rag/retrieval/fusion.py: {sorted(unknown)}"
            )
        self._reranker = reranker
        self._spelling = spelling
        self._slots = threading.BoundedSemaphore(self._settings.concurrent)
        self._executor = ThreadPoolExecutor(
            self._settings.concurrent, thread_name_prefix="retriever"
        )

    def search(self, query: SearchQuery) -> SearchResult:
        """At most `query.k` hits that `query.principal` may read, best first."""
        times = StageTimes()
        access = access_filter(query.principal)
        hits: tuple[Hit, ...] = ()
        no_result = True
        if not access.nothing and query.question.strip() and query.k >= 1:
            with self._slots:
                question = Question(self._asked(query.question, access))
                search = _Search(query, question, access, times)
                hits, no_result = self._hits(search, self._find(search))
        seconds = times.seconds
        self._observer.searched(query.mode, seconds, no_result, times.stages)
        return SearchResult(hits, took_ms=round(seconds * 1000, 3), no_result=no_result)

    def _asked(self, text: str, access: AccessFilter) -> str:
        """What is searched for: the essence of a pasted text, its misspelled words corrected."""
        question = asked_by(text)
        return self._spelling.corrected(question, access=access) if self._spelling else question

    def _find(self, search: _Search) -> _Found:
        for _ in range(_ATTEMPTS):
            changes = self._catalog.change_count()
            found = self._attempt(search)
            if not found.missing or self._catalog.change_count() == changes:
                break
        if found.missing:
            refused = self._catalog.refused(sorted(found.missing), access=search.access)
            if refused:
                self._observer.refused(refused)
        return found

    def _attempt(self, search: _Search) -> _Found:
        rankings = self._rankings(search)
        found = {version_of(key) for key in _keys(rankings)}
        with search.times.stage("document_features"):
            documents = self._document_features.documents(sorted(found), access=search.access)
        if len(documents) < len(found):
            rankings = {name: _readable(ranking, documents) for name, ranking in rankings.items()}
        for scorer in self._document_scorers:
            if search.query.mode in self._signals[scorer.name].modes:
                with search.times.stage(scorer.name):
                    rankings[scorer.name] = scorer.score(search.question, list(documents))
        with search.times.stage("fusion"):
            fusion = Fusion(rankings, self._signals)
            ordered = with_priors(fusion.ranked(), documents, self._statuses(documents))
            preferred, siblings = without_siblings(search.question.text, ordered, documents)
            shortlist = _shortlist(fusion, preferred, self._depth(search))
        keys = [key for key, _, _ in shortlist]
        with search.times.stage("second_check"):
            items = self._catalog.fetch(keys, access=search.access, filters=search.query.filters)
        chunks = without_contrary(
            search.question.text,
            [
                RankedChunk(
                    items[key],
                    document.score * share,
                    _explained(fusion, document, share),
                    tuple(sorted(documents[document.version].superseded_by.values())),
                    siblings.get(document.version, ()),
                )
                for key, document, share in shortlist
                if key in items
            ],
        )
        unread = {version_of(key) for key, _, _ in shortlist if key not in items}
        return _Found(chunks, rankings, frozenset((found - documents.keys()) | unread))

    def _rankings(self, search: _Search) -> dict[str, Sequence[Candidate]]:
        wanted = [
            one for one in self._retrievers if search.query.mode in self._signals[one.name].modes
        ]
        # The first waits for the model while the others query the database.
        first = self._executor.submit(self._retrieve, wanted[0], search)
        others = {retriever.name: self._retrieve(retriever, search) for retriever in wanted[1:]}
        return {wanted[0].name: first.result(), **others}

    def _retrieve(self, retriever: Retriever, search: _Search) -> Sequence[Candidate]:
        limit = max(self._settings.candidates, 5 * search.query.k)
        with search.times.stage(retriever.name):
            return retriever.retrieve(
                search.question, access=search.access, filters=search.query.filters, limit=limit
            )

    def _statuses(self, documents: Mapping[int, CandidateDocument]) -> dict[int, FreshnessStatus]:
        today, every = self._today(), self._settings.review_every
        return {
            version: status_of(document.last_reviewed, document.review_every, today, every)
            for version, document in documents.items()
        }

    def _depth(self, search: _Search) -> int:
        # Near-duplicates are removed later, so a few more chunks are read than are returned.
        needed = search.query.k + search.query.k // 2 + 2
        return max(needed, self._settings.reranked) if self._reranker else needed

    def _hits(self, search: _Search, found: _Found) -> tuple[tuple[Hit, ...], bool]:
        """The hits, and whether none of them answers."""
        chunks, scores = self._reranked(search, found.chunks)
        kept = without_near_duplicates(chunks, max(search.query.k, DECISIVE))
        assessment = self._assessor.assess(
            search.question.text, [one.item for one in kept], found.rankings, search.access
        )
        hits = hits_of(
            kept[: search.query.k],
            found.rankings,
            scores,
            self._today(),
            self._settings.review_every,
            assessment.chunks,
        )
        located = tuple(with_section_url(hit, self._settings.sites) for hit in hits)
        return located, assessment.no_result

    def _reranked(
        self, search: _Search, chunks: Sequence[RankedChunk]
    ) -> tuple[Sequence[RankedChunk], dict[int, float]]:
        """The chunks in the reranker's order, and the reranker's scores by chunk key."""
        if self._reranker is None or not chunks:
            return chunks, {}
        texts = [one.item.chunk.embedded_text for one in chunks]
        with search.times.stage("rerank"):
            scores = self._reranker.scores(search.question.text, texts)
        scored = list(zip(chunks, scores, strict=True))
        again = [replace(one, score=score * one.explanation.prior) for one, score in scored]
        judged = {one.item.key: round(score, 6) for one, score in scored}
        return sorted(again, key=lambda one: -one.score), judged


def _keys(rankings: Mapping[str, Sequence[Candidate]]) -> Iterable[int]:
    return (candidate.chunk_key for ranking in rankings.values() for candidate in ranking)


def _readable(
    ranking: Sequence[Candidate], documents: Mapping[int, CandidateDocument]
) -> list[Candidate]:
    return [candidate for candidate in ranking if version_of(candidate.chunk_key) in documents]


def _shortlist(
    fusion: Fusion, documents: Sequence[RankedDocument], depth: int
) -> list[tuple[int, RankedDocument, float]]:
    """The best chunks of all documents: key, document, and share of the document's score."""
    # No chunk scores above its document, so documents beyond `depth` cannot contribute.
    found = [
        (key, document, share * _SECOND_CHUNK_WEIGHT**place)
        for document in documents[:depth]
        for place, (key, share) in enumerate(fusion.chunks(document.version)[:_MAX_CHUNKS])
    ]
    return sorted(found, key=lambda item: -item[1].score * item[2])[:depth]


def _explained(fusion: Fusion, document: RankedDocument, share: float) -> Explanation:
    contributions = fusion.contributions(document.version)
    points = sum(one.points for one in contributions)
    return Explanation(
        contributions, document.score / points if points else 1.0, document.score, share
    )
