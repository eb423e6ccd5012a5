"""Which page comes first: this service beside BM25, dense search, their fusion, and a plain stack.

Document-level scores with binary gains: nDCG@10, Recall@5, Hit@1. The baselines are those of the
literature: BM25 (bm25s, lucene variant, k1 1.2, b 0.75, English stemmer) over whole pages, the
packaged model over windows of 512 tokens with the best window counting, reciprocal rank fusion of
the two (k = 60), and llama-index on Chroma with sentence-transformers, all with their defaults.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from api.compose.indexing import run_ingest
from api.compose.local import LOCAL_ADMINISTRATOR
from api.compose.reading import open_reading
from api.compose.services import Services
from api.settings import Settings
from bench.corpora import Corpus, Page, Question
from bench.plain_stack import PlainStack
from ingest.runs.report import Silent
from rag.domain.search import SearchQuery
from rag.ports import Embedder
from rag.retrieval.search import SearchEngine

Ranker = Callable[[str], list[str]]
OURS = "this service"
_DEPTH = 30
_WINDOW_TOKENS = 512
_RRF_K = 60
_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Scores:
    """One system's scores on one set, by question; unanswerable ones are left out."""

    ndcg: np.ndarray[Any, Any]
    recall: np.ndarray[Any, Any]
    first: np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often the service says that nothing answers, over questions of either kind."""

    unanswerable: int
    refused: int
    answerable: int
    refused_wrongly: int


@contextmanager
def service(corpus: Corpus, folder: Path) -> Iterator[Services]:
    """The service over the corpus, whose index is made in `folder`."""
    settings = Settings(directory=folder)
    run_ingest(
        settings,
        [corpus.folder],
        acl=frozenset({"public"}),
        prune=True,
        full=False,
        progress=Silent(),
    )
    with open_reading(settings) as services:
        yield services


def rankers(pages: Sequence[Page], embedder: Embedder, engine: SearchEngine) -> dict[str, Ranker]:
    """Every system over the same pages."""
    lexical, dense = _bm25(pages), _dense(pages, embedder)
    plain = PlainStack(pages)
    return {
        OURS: _ranked_by(engine),
        "BM25": lexical,
        "dense": dense,
        "RRF of the two": lambda question: _fused([lexical(question), dense(question)]),
        "plain llama-index stack": lambda question: plain.paths(question, _DEPTH),
    }


def scores(questions: Sequence[Question], ranked: Ranker) -> Scores:
    """The ranker's scores on the answerable ones of these questions."""
    rows = [
        _measure(question.gold, ranked(question.text)) for question in questions if question.gold
    ]
    columns = np.array(rows).T
    return Scores(columns[0], columns[1], columns[2])


def margin(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> tuple[float, float, float]:
    """The mean difference with its 95% interval, by paired bootstrap with a fixed seed."""
    difference = ours - theirs
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(difference), (_DRAWS, len(difference)))
    means = difference[draws].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)


def refusals(corpus: Corpus, engine: SearchEngine) -> Refusals:
    """What `no_result` says of every question that stands in a set without alert names."""
    asked = [
        question
        for name, questions in corpus.questions.items()
        if "name" not in name
        for question in questions
    ]
    said = [
        (bool(one.gold), engine.search(SearchQuery(one.text, LOCAL_ADMINISTRATOR)).no_result)
        for one in asked
    ]
    return Refusals(
        unanswerable=sum(not answerable for answerable, _ in said),
        refused=sum(refused for answerable, refused in said if not answerable),
        answerable=sum(answerable for answerable, _ in said),
        refused_wrongly=sum(refused for answerable, refused in said if answerable),
    )


def _ranked_by(engine: SearchEngine) -> Ranker:
    def ranked(question: str) -> list[str]:
        hits = engine.search(SearchQuery(question, LOCAL_ADMINISTRATOR, k=10)).hits
        return list(dict.fromkeys(hit.document.path for hit in hits))

    return ranked


def _bm25(pages: Sequence[Page]) -> Ranker:
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def tokens(texts: Sequence[str]) -> Any:
        return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False)

    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index(tokens([page.text for page in pages]), show_progress=False)

    def ranked(question: str) -> list[str]:
        found, scores = index.retrieve(tokens([question]), k=_DEPTH, show_progress=False)
        return [
            pages[place].document.path
            for place, score in zip(found[0], scores[0], strict=True)
            if score > 0
        ]

    return ranked


def _dense(pages: Sequence[Page], embedder: Embedder) -> Ranker:
    windows = [
        (page.document.path, text) for page in pages for text in _windows(page.text, embedder)
    ]
    matrix = np.array(embedder.embed_documents([text for _, text in windows]))

    def ranked(question: str) -> list[str]:
        order = np.argsort(-(matrix @ np.asarray(embedder.embed_question(question))))
        return list(dict.fromkeys(windows[place][0] for place in order))[:_DEPTH]

    return ranked


def _windows(text: str, embedder: Embedder) -> list[str]:
    """Runs of whole words of at most 512 tokens."""
    words = text.split()
    sizes = embedder.count_tokens(words)
    made: list[list[str]] = [[]]
    used = 0
    for word, size in zip(words, sizes, strict=True):
        if used + size - 2 > _WINDOW_TOKENS - 2:
            made.append([])
            used = 0
        made[-1].append(word)
        used += size - 2
    return [" ".join(window) for window in made if window]


def _fused(rankings: Sequence[Sequence[str]]) -> list[str]:
    scored: dict[str, float] = {}
    for ranking in rankings:
        for rank, path in enumerate(ranking, start=1):
            scored[path] = scored.get(path, 0.0) + 1.0 / (_RRF_K + rank)
    return sorted(scored, key=lambda path: -scored[path])


def _measure(gold: Sequence[str], ranked: Sequence[str]) -> tuple[float, float, float]:
    places = [place for place, path in enumerate(ranked) if path in set(gold)]
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(gold))))
    gained = sum(1 / math.log2(place + 2) for place in places if place < 10)
    return (
        gained / ideal,
        sum(place < 5 for place in places) / len(gold),
        float(bool(places) and places[0] == 0),
    )


def best_baseline(scores: Mapping[str, Scores], measure: str) -> str:
    """The name of the strongest system beside this service."""
    others = {name: getattr(one, measure).mean() for name, one in scores.items() if name != OURS}
    return max(others, key=lambda name: others[name])
