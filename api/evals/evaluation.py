"""Runs a suite against the real engine, over an index of the suite's corpus.

The user's own index is never touched: each combination of corpus, model and chunking has a folder
below `evals/` in the state folder, where embeddings are cached.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean

from api.compose import embedding
from api.compose.answer_path import make_prompts
from api.compose.commands import team_commands
from api.compose.indexing import run_ingest
from api.compose.local import LOCAL_ADMINISTRATOR
from api.compose.reading import open_reading
from api.compose.search_path import read_synonyms, today
from api.compose.services import Services
from api.settings import Settings, SourceSettings, VectorSettings
from evals.metrics.answer_form import AnswerForm
from evals.metrics.measures import OwnMeasures, RankingMeasures
from evals.metrics.scoring import Scorer
from evals.running.caching_embedder import CachingEmbedder
from evals.running.runner import OnProgress, run_suite
from evals.running.runs import Run
from evals.running.system import CitedPassage, FoundPassage, IndexedPage, Observation, Response
from evals.suite.suite import Suite
from ingest.chunking.chunker import CHUNKER_VERSION
from ingest.runs.report import Progress
from rag.access.acl import access_filter
from rag.answering.answering import PROMPT
from rag.command_risk.classify import shipped_classifier
from rag.command_risk.table_file import fingerprint
from rag.domain.access import Principal
from rag.domain.answers import EXTRACTIVE, Answer, Answered, AnswerEvent, ContextFound
from rag.domain.documents import Document, content_hash
from rag.domain.search import Filters, Hit, SearchQuery, SearchResult
from rag.errors import ConfigurationError
from rag.ports import Embedder
from rag.retrieval.priors import all_superseded

_SOURCE = "corpus"
_MAX_DOCUMENTS = 1_000_000
_KEY_LENGTH = 16


class IndexedSystem:
    """The system under test: the search engine over one index."""

    def __init__(self, services: Services, conditions: Mapping[str, str], hits: int) -> None:
        self._services = services
        self._hits = hits
        self._conditions = dict(conditions)
        self._documents = _all_documents(services)
        self._superseded = all_superseded(self._documents)

    @property
    def conditions(self) -> Mapping[str, str]:
        return self._conditions

    def pages(self) -> list[IndexedPage]:
        return [self._page(document) for document in self._documents]

    def ask(self, question: str, *, principal: Principal) -> Observation:
        with _logged() as logs:
            started = time.perf_counter()
            # One search serves both: the answer is generated from its result.
            events = self._services.answerer.stream(SearchQuery(question, principal, k=self._hits))
            result, answer = _result_and_answer(events)
        return Observation(
            passages=tuple(self._passage(hit) for hit in result.hits),
            no_result=result.no_result,
            took_ms=result.took_ms,
            response=self._response(answer),
            context=tuple(hit.chunk.text for hit in answer.hits),
            answer_ms=round(1000 * (time.perf_counter() - started), 3),
            logs=tuple(logs),
        )

    def retrieve(self, question: str, *, principal: Principal) -> Observation:
        with _logged() as logs:
            # The context is the first event; the answer is never generated.
            events = self._services.answerer.stream(SearchQuery(question, principal, k=self._hits))
            found = next(event for event in events if isinstance(event, ContextFound))
        return Observation(
            passages=tuple(self._passage(hit) for hit in (*found.result.hits, *found.hits)),
            no_result=found.result.no_result,
            took_ms=found.result.took_ms,
            logs=tuple(logs),
        )

    def _response(self, answer: Answer) -> Response:
        return Response(
            text=answer.text,
            abstained=answer.abstained,
            citations=tuple(
                CitedPassage(
                    marker=one.marker,
                    document=one.hit.document.path,
                    chunk_id=one.hit.chunk.id,
                    freshness=one.hit.freshness.status.value,
                    superseded=self._is_superseded(one.hit.document),
                    supported=one.supported,
                )
                for one in answer.citations
            ),
            tokens_in=answer.usage.tokens_in,
            tokens_out=answer.usage.tokens_out,
            written=_written(answer),
            cited_by_model=_cited_by_model(answer),
        )

    def _is_superseded(self, document: Document) -> bool:
        return (document.source, document.path) in self._superseded

    def _passage(self, hit: Hit) -> FoundPassage:
        return FoundPassage(
            document=hit.document.path,
            chunk_id=hit.chunk.id,
            section=hit.chunk.section,
            lines=(hit.chunk.lines.first, hit.chunk.lines.last),
            freshness=hit.freshness.status.value,
            superseded=self._is_superseded(hit.document),
            probability=hit.probability,
            text=hit.chunk.text,
        )

    def _page(self, document: Document) -> IndexedPage:
        everything = access_filter(LOCAL_ADMINISTRATOR)
        found = self._services.reader.document(document.id, access=everything)
        chunks = found[1] if found else ()
        return IndexedPage(
            path=document.path,
            document_id=document.id,
            acl=document.acl,
            content_hash=document.content_hash,
            chunk_ids=frozenset(chunk.id for chunk in chunks),
        )


@contextmanager
def open_evaluation(
    settings: Settings,
    suite: Suite,
    *,
    progress: Progress,
    embedder: Embedder | None = None,
    corpus: Path | None = None,
    chosen_prompts: bool = True,
) -> Iterator[IndexedSystem]:
    """Index a suite's corpus, or another state of it, and open the system over it.

    Every document is parsed and chunked again, so that a change of the code takes effect; only new
    texts are embedded. Answers use the prompts in use; without `chosen_prompts`, the newest.
    """
    embedder = embedder or embedding.make_embedder(settings)
    own = evaluation_settings(settings, suite, embedder, corpus or suite.corpus)
    run_ingest(own, (), acl=None, prune=True, full=True, progress=progress, embedder=embedder)
    make_prompts(own).follow(make_prompts(settings) if chosen_prompts else None)
    day = suite.as_of or today()
    with open_reading(own, embedder=embedder, clock=lambda: day) as services:
        conditions = _conditions(own, embedder, services.answerer.model)
        yield IndexedSystem(services, conditions, suite.hits)


def evaluate(
    settings: Settings,
    suite: Suite,
    *,
    progress: Progress,
    embedder: Embedder | None = None,
    corpus: Path | None = None,
    every_persona: bool = True,
    on_progress: OnProgress | None = None,
) -> Run:
    """Run a suite once, over its corpus or another state of it."""
    embedder = CachingEmbedder(embedder or embedding.make_embedder(settings))
    with open_evaluation(
        settings, suite, progress=progress, embedder=embedder, corpus=corpus
    ) as system:
        scorers, judged = make_scorers(settings, embedder)
        return run_suite(
            suite,
            system,
            scorers,
            judged=judged,
            every_persona=every_persona,
            on_progress=on_progress,
        )


def make_scorers(settings: Settings, embedder: Embedder) -> tuple[list[Scorer], Sequence[str]]:
    """The scorers of a run, and the names of the metrics that a judge scores.

    Raises ConfigurationError if the packages of the `evals` extra are not installed.
    """
    try:
        from evals.metrics.judged_metrics import JUDGED, Judge, JudgedMetrics
        from evals.metrics.ragas_metrics import RagasMetrics, quiet_import

        quiet_import()
    except ImportError as error:
        raise ConfigurationError(
            f"evals need the `evals` extra, of which {error.name} is missing: "
            "pip install 'runbook-search[evals]'"
        ) from error
    plain: list[Scorer] = [
        RankingMeasures(),
        OwnMeasures(),
        AnswerForm(shipped_classifier()),
        RagasMetrics(embedder, embedding.make_yardstick(settings, embedder)),
    ]
    chosen = settings.evals
    if not chosen.judge_url:
        return plain, ()
    judge = Judge(
        chosen.judge_url,
        chosen.judge_model,
        chosen.judge_api_key.get_secret_value(),
        chosen.judge_timeout,
        chosen.judge_repeats,
    )
    return [*plain, JudgedMetrics(judge, embedder)], JUDGED


def evaluation_settings(
    settings: Settings, suite: Suite, embedder: Embedder, corpus: Path
) -> Settings:
    """The settings with the suite's corpus as the only source, in a separate state folder."""
    parts = [
        str(suite.corpus),
        embedder.fingerprint,
        CHUNKER_VERSION,
        settings.chunking.model_dump(),
        fingerprint(team_commands(settings)),
        settings.ingest.redact_secrets,
    ]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_KEY_LENGTH]
    return settings.model_copy(
        update={
            "state": settings.evals_folder / key,
            "sources": (SourceSettings(name=_SOURCE, path=corpus, acl=suite.acl),),
            "vectors": VectorSettings(),
        }
    )


def _conditions(settings: Settings, embedder: Embedder, model: str) -> dict[str, str]:
    chunking, synonyms = settings.chunking, repr(read_synonyms(settings)).encode()
    prompt = make_prompts(settings).current(PROMPT)
    return {
        "model": model,
        "prompt": f"{prompt.id} {prompt.hash[:_KEY_LENGTH]}",
        "embedding model": embedder.fingerprint,
        "chunker": f"version {CHUNKER_VERSION}, {chunking.min_tokens} to {chunking.max_tokens}",
        "search.candidates": str(settings.search.candidates),
        **_own_weights(settings),
        **_own_commands(settings),
        "reranker": settings.rerank.model or "none",
        "synonyms": content_hash(synonyms)[:_KEY_LENGTH],
    }


def _own_commands(settings: Settings) -> dict[str, str]:
    own = team_commands(settings)
    return {"commands": fingerprint(own)[:_KEY_LENGTH]} if own else {}


def _own_weights(settings: Settings) -> dict[str, str]:
    weights = sorted(settings.search.weights.items())
    listed = ", ".join(f"{signal}={weight}" for signal, weight in weights)
    return {"search.weights": listed} if listed else {}


def _all_documents(services: Services) -> list[Document]:
    return services.reader.documents(
        access=access_filter(LOCAL_ADMINISTRATOR),
        filters=Filters(),
        limit=_MAX_DOCUMENTS,
        after=("", ""),
    )


def _written(answer: Answer) -> bool | None:
    if answer.fell_back:
        return False
    return None if answer.model == EXTRACTIVE else True


def _cited_by_model(answer: Answer) -> float | None:
    """The share of statements that the model cited itself.

    The others were given markers afterwards; a reader sees no difference, the gate must.
    """
    if not _written(answer):
        return 0.0 if answer.fell_back else None
    return fmean(not statement.uncited for statement in answer.statements)


def _result_and_answer(events: Iterator[AnswerEvent]) -> tuple[SearchResult, Answer]:
    result: SearchResult | None = None
    for event in events:
        if isinstance(event, ContextFound):
            result = event.result
        elif isinstance(event, Answered) and result is not None:
            return result, event.answer
    raise AssertionError("a stream begins with its context and ends with its answer")


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collects every log line written inside the block, from any logger."""
    lines: list[str] = []
    handler = _Lines(lines)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
