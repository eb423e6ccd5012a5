"""Ragas' metrics over a run: the one module that knows the library.

Without a judge: context precision and recall by ids and against gold passages, semantic
similarity to the reference, and a deterministic faithfulness of our own.
Ragas takes seconds to import and would report its use; both are dealt with here.
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

from evals.metrics.faithfulness import FaithfulnessChecker, told_by_pages
from evals.metrics.scoring import Asked, Scored
from evals.running.runs import Unmeasured
from rag.ports import Embedder, Vector

if TYPE_CHECKING:
    from ragas.embeddings.base import BaseRagasEmbedding
    from ragas.metrics.collections.base import BaseMetric

FAITHFULNESS = "deterministic_faithfulness"
_CONTEXTS = 10
# A gold passage is found where nine of ten of its words stand together in one context.
_QUOTED = 0.9
_WORD = re.compile(r"[\w./:=@%-]+")
Score = Callable[[Asked], Awaitable[float | None]]


class RagasMetrics:
    """The metrics that need no judge. A score that is no number is unmeasured, never zero."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def score(self, asked: Sequence[Asked]) -> Scored:
        library = _library()
        texts = [text for one in asked for text in _compared(one)]
        embeddings = library.embeddings(self._embedder, texts)
        similarity = library.similarity(embeddings)
        support = library.support(FaithfulnessChecker(self._embedder))

        async def similar(one: Asked) -> float | None:
            told = _compared(one)
            if not told or not all(told):
                return None
            reference, response = told
            return _value(await similarity.ascore(reference=reference, response=response))

        async def faithful(one: Asked) -> float | None:
            if one.abstained or one.observed.response is None:
                return None
            told = one.observed.response.text
            return _value(
                await support.ascore(response=told, retrieved_contexts=list(one.observed.context))
            )

        return asyncio.run(
            _all(
                asked,
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

    async def told() -> list[float]:
        return [
            _value(await metric.ascore(response=answer, retrieved_contexts=list(contexts)))
            for answer, contexts in pairs
        ]

    return asyncio.run(told())


async def _all(asked: Sequence[Asked], metrics: dict[str, Score]) -> Scored:
    """Every metric of every question; what raises or is NaN is told, and drops nothing else."""
    scores: dict[str, dict[str, float]] = {}
    unmeasured: list[Unmeasured] = []
    for one in asked:
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


def _compared(asked: Asked) -> tuple[str, ...]:
    """The reference and the answer's text, where both are there to be compared."""
    response = asked.observed.response
    if response is None or asked.abstained or not asked.question.reference:
        return ()
    return asked.question.reference, told_by_pages(response.text)


def _value(result: Any) -> float:
    return float(result.value)


@dataclass(frozen=True, slots=True)
class _Library:
    """What is made of the library's own classes, once it is imported."""

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
        """The configured embedding model; what will be asked for is embedded in one batch."""

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

    class Containment(BaseMetric):
        """Whether what an answer names stands in the contexts that it was made from, 0 to 1."""

        def __init__(self, checker: FaithfulnessChecker) -> None:
            super().__init__(name=FAITHFULNESS)
            self.checker = checker

        async def ascore(  # type: ignore[override]  # the library's metrics each take their own
            self, *, response: str, retrieved_contexts: list[str]
        ) -> MetricResult:
            found = self.checker.check(response, retrieved_contexts)
            return MetricResult(value=found.score, reason="; ".join(found.reasons))

    return _Library(
        of_contexts=_of_contexts,
        embeddings=OwnEmbeddings,
        similarity=lambda embeddings: SemanticSimilarity(embeddings=embeddings),
        support=Containment,
    )


def _of_contexts() -> dict[str, Score]:
    """Context precision and recall, by ids and by gold passages."""
    with warnings.catch_warnings():
        # Their successors, to which the warning points, are not in the library yet.
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
    """The share of a gold passage's words that stand in a context.

    The library's own measure is the edit distance of whole texts, by which a line and the page
    that holds it have nothing in common.
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
    async def score(asked: Asked) -> float | None:
        if not asked.question.answerable:
            return None
        if not asked.documents:
            return 0.0
        return float(
            await metric.single_turn_ascore(
                _sample(
                    retrieved_context_ids=asked.documents[:_CONTEXTS],
                    reference_context_ids=list(asked.question.gold_documents),
                )
            )
        )

    return score


def _by_passages(metric: Any) -> Score:
    async def score(asked: Asked) -> float | None:
        gold = [passage.text for passage in asked.question.gold_passages]
        if not gold:
            return None  # the library would answer NaN, and print a line
        contexts = [found.text for found in asked.observed.passages[:_CONTEXTS]]
        if not contexts:
            return 0.0
        return float(
            await metric.single_turn_ascore(
                _sample(retrieved_contexts=contexts, reference_contexts=gold)
            )
        )

    return score


def _sample(**told: Any) -> Any:
    from ragas.dataset_schema import SingleTurnSample

    return SingleTurnSample(**told)


def quiet_import() -> None:
    """Import the library so that it reports nothing to anybody."""
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    import ragas  # noqa: F401 - what is imported from it later is imported like this


def own_embeddings(embedder: Embedder) -> BaseRagasEmbedding:
    """The configured embedding model as the library wants it."""
    return _library().embeddings(embedder, ())
