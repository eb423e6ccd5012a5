"""Ragas metrics that need no judge; this and judged_metrics.py are the only users of Ragas.

Context precision and recall by ids and against gold passages, semantic similarity to the
reference, and our deterministic faithfulness. Ragas takes seconds to import and sends telemetry by
default: it is imported lazily, with telemetry disabled.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from evals.metrics.faithfulness import FaithfulnessChecker, without_program_text
from evals.metrics.scoring import QuestionResult, Scored
from evals.running.runs import Unmeasured
from rag.ports import Embedder, Vector

if TYPE_CHECKING:
    from ragas.embeddings.base import BaseRagasEmbedding
    from ragas.metrics.collections.base import BaseMetric

FAITHFULNESS = "deterministic_faithfulness"
_CONTEXTS = 10
# A gold passage counts as found if one context contains nine of ten of its words.
_QUOTED = 0.9
_WORD = re.compile(r"[\w./:=@%-]+")
Score = Callable[[QuestionResult], Awaitable[float | None]]


class RagasMetrics:
    """The metrics that need no judge. NaN is reported as unmeasured, never as zero.

    `yardstick` measures semantic similarity, `embedder` the support of statements.
    """

    def __init__(self, embedder: Embedder, yardstick: Embedder) -> None:
        self._embedder = embedder
        self._yardstick = yardstick

    def score(self, results: Sequence[QuestionResult]) -> Scored:
        library = _library()
        texts = [text for one in results for text in _compared(one)]
        embeddings = library.embeddings(self._yardstick, texts)
        similarity = library.similarity(embeddings)
        support = library.support(FaithfulnessChecker(self._embedder))

        async def similar(one: QuestionResult) -> float | None:
            compared = _compared(one)
            if not compared or not all(compared):
                return None
            reference, response = compared
            return _value(await similarity.ascore(reference=reference, response=response))

        async def faithful(one: QuestionResult) -> float | None:
            if one.abstained or one.observed.response is None:
                return None
            text, contexts = one.observed.response.text, list(one.observed.context)
            return _value(await support.ascore(response=text, retrieved_contexts=contexts))

        return asyncio.run(
            _all(
                results,
                {
                    **library.of_contexts(),
                    "semantic_similarity": similar,
                    FAITHFULNESS: faithful,
                },
            )
        )


def faithfulness(pairs: Sequence[tuple[str, Sequence[str]]], embedder: Embedder) -> list[float]:
    """The deterministic faithfulness of each answer to its contexts, 0 to 1."""
    metric = _library().support(FaithfulnessChecker(embedder))

    async def scores() -> list[float]:
        return [
            _value(await metric.ascore(response=answer, retrieved_contexts=list(contexts)))
            for answer, contexts in pairs
        ]

    return asyncio.run(scores())


async def _all(results: Sequence[QuestionResult], metrics: dict[str, Score]) -> Scored:
    """Every metric of every question; an exception or NaN is reported as unmeasured."""
    scores: dict[str, dict[str, float]] = {}
    unmeasured: list[Unmeasured] = []
    for one in results:
        mine = scores.setdefault(one.question.id, {})
        for name, metric in metrics.items():
            try:
                value = await metric(one)
            except Exception as error:  # a metric that breaks must not hide the others
                unmeasured.append(Unmeasured(one.question.id, name, type(error).__name__))
                continue
            if value is not None and math.isnan(value):
                unmeasured.append(Unmeasured(one.question.id, name, "not a number"))
            elif value is not None:
                mine[name] = min(1.0, max(0.0, value))
    return Scored(scores, tuple(unmeasured))


def _compared(result: QuestionResult) -> tuple[str, ...]:
    """The reference and the answer's text; empty if either is missing."""
    response = result.observed.response
    if response is None or result.abstained or not result.question.reference:
        return ()
    return result.question.reference, without_program_text(response.text)


def _value(result: Any) -> float:
    return float(result.value)


@dataclass(frozen=True, slots=True)
class _Library:
    """Factories that use the library's classes, available once it is imported."""

    of_contexts: Callable[[], dict[str, Score]]
    embeddings: Callable[[Embedder, Sequence[str]], BaseRagasEmbedding]
    similarity: Callable[[BaseRagasEmbedding], BaseMetric]
    support: Callable[[FaithfulnessChecker], BaseMetric]


@cache
def _library() -> _Library:
    quiet_import()
    from ragas.embeddings.base import BaseRagasEmbedding
    from ragas.metrics.collections import SemanticSimilarity
    from ragas.metrics.collections.base import BaseMetric
    from ragas.metrics.result import MetricResult

    class OwnEmbeddings(BaseRagasEmbedding):
        """One embedding model; the expected texts are embedded in one batch."""

        def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
            super().__init__()
            known = list(dict.fromkeys(text for text in texts if text))
            made = embedder.embed_documents(known) if known else []
            self._embedder = embedder
            self._vectors: dict[str, Vector[float]] = dict(zip(known, made, strict=True))

        def embed_text(self, text: str, **_: Any) -> list[float]:
            if text not in self._vectors:
                self._vectors[text] = self._embedder.embed_documents([text])[0]
            return list(self._vectors[text])

        async def aembed_text(self, text: str, **_: Any) -> list[float]:
            return self.embed_text(text)

    class DeterministicFaithfulness(BaseMetric):
        """Support of an answer by the contexts that it was generated from, 0 to 1."""

        def __init__(self, checker: FaithfulnessChecker) -> None:
            super().__init__(name=FAITHFULNESS)
            self.checker = checker

        async def ascore(  # type: ignore[override]  # each metric of the library has its own parameters
            self, *, response: str, retrieved_contexts: list[str]
        ) -> MetricResult:
            found = self.checker.check(response, retrieved_contexts)
            return MetricResult(value=found.score, reason="; ".join(found.reasons))

    return _Library(
        of_contexts=_of_contexts,
        embeddings=OwnEmbeddings,
        similarity=lambda embeddings: SemanticSimilarity(embeddings=embeddings),
        support=DeterministicFaithfulness,
    )


def _of_contexts() -> dict[str, Score]:
    """Context precision and recall, by ids and by gold passages."""
    with warnings.catch_warnings():
        # The replacements that the warning names do not exist in the library yet.
        warnings.simplefilter("ignore", DeprecationWarning)
        from ragas.metrics import (
            IDBasedContextPrecision,
            IDBasedContextRecall,
            NonLLMContextPrecisionWithReference,
            NonLLMContextRecall,
        )
    by_id = {
        "id_based_context_precision": IDBasedContextPrecision(),
        "id_based_context_recall": IDBasedContextRecall(),
    }
    quoted = _quoted()
    by_text = {
        "non_llm_context_precision_with_reference": NonLLMContextPrecisionWithReference(
            distance_measure=quoted, threshold=_QUOTED
        ),
        "non_llm_context_recall": NonLLMContextRecall(
            _distance_measure=quoted, threshold=_QUOTED - 1e-9
        ),
    }
    return {
        **{name: _by_ids(metric) for name, metric in by_id.items()},
        **{name: _by_passages(metric) for name, metric in by_text.items()},
    }


def _quoted() -> Any:
    """The share of a gold passage's words that a context contains.

    The library's own measure is the edit distance of whole texts, which is useless for comparing
    a line with the chunk that contains it.
    """
    from ragas.dataset_schema import SingleTurnSample
    from ragas.metrics.base import MetricType, SingleTurnMetric

    @dataclass
    class Quoted(SingleTurnMetric):
        name: str = "quoted"
        _required_columns: dict[MetricType, set[str]] = field(
            default_factory=lambda: {MetricType.SINGLE_TURN: {"reference", "response"}}
        )

        def init(self, run_config: Any) -> None: ...

        async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: Any) -> float:  # noqa: ARG002 - the library's signature
            context, gold = _words(sample.reference or ""), _words(sample.response or "")
            return len(gold & context) / len(gold) if gold else 0.0

    return Quoted()


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def _by_ids(metric: Any) -> Score:
    async def score(result: QuestionResult) -> float | None:
        if not result.question.answerable:
            return None
        if not result.documents:
            return 0.0
        return float(
            await metric.single_turn_ascore(
                _sample(
                    retrieved_context_ids=result.documents[:_CONTEXTS],
                    reference_context_ids=list(result.question.gold_documents),
                )
            )
        )

    return score


def _by_passages(metric: Any) -> Score:
    async def score(result: QuestionResult) -> float | None:
        gold = [passage.text for passage in result.question.gold_passages]
        if not gold:
            return None  # the library would return NaN and print a line
        contexts = [found.text for found in result.observed.passages[:_CONTEXTS]]
        if not contexts:
            return 0.0
        return float(
            await metric.single_turn_ascore(
                _sample(retrieved_contexts=contexts, reference_contexts=gold)
            )
        )

    return score


def _sample(**fields: Any) -> Any:
    from ragas.dataset_schema import SingleTurnSample

    return SingleTurnSample(**fields)


def quiet_import() -> None:
    """Import the library with telemetry disabled."""
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    import ragas  # noqa: F401 - imported for its side effect of reading the variable


def own_embeddings(embedder: Embedder) -> BaseRagasEmbedding:
    """The configured embedding model behind the library's interface."""
    return _library().embeddings(embedder, ())
